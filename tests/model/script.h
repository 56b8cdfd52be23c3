// What people do: at most four changes, each made by one of two tablets on a
// record that both may know. The order within a tablet is fixed; everything
// else is the checker's to vary.
//
//   const Script* script = FindScript("seal-apart");
//   auto draft = MakeDraft(device, script->base, script->deeds[0]);
#ifndef VOUCH_TESTS_MODEL_SCRIPT_H_
#define VOUCH_TESTS_MODEL_SCRIPT_H_

#include <optional>
#include <string>
#include <vector>

#include "storage/replica/device.h"

namespace vouch::model {

inline constexpr size_t kDevices = 2;
inline constexpr size_t kDeedsMax = 4;

enum class Verb : uint8_t {
  kCreate,   // a record of its own
  kSet,      // the register, naming the values seen
  kBlock,    // a paragraph of its own
  kSeal,     // "signed and locked"
  kVerdict,  // a ledger entry, naming the heads seen
  kDiscard,
  kRevive,
};

struct Deed {
  size_t device = 0;
  Verb verb = Verb::kSet;
  uint8_t record = 0;  // records of one number are one record
  std::string value;   // "HOLD" in it: the centre holds the change for review
  bool staff = false;  // kCreate: in a scope that the second tablet lacks
};

struct Script {
  std::string name;
  std::string what;
  bool base = true;  // record 0 is everywhere before the run begins
  // That each tablet begins; one that a fault cut short does not count.
  uint8_t sessions_max[kDevices] = {1, 1};
  std::vector<Deed> deeds;
};

const std::vector<Script>& Scripts();
const Script* FindScript(const std::string& name);

// "sets record 0 to 'a1'".
std::string DeedText(const Deed& deed);

// The owner of all records here.
RecordId RegistrationOfAll();
RecordId RecordOf(uint8_t number);
// Absent while the tablet does not have what the step needs.
std::optional<NewChange> MakeDraft(const Device& device, const Deed& deed);

}  // namespace vouch::model

#endif  // VOUCH_TESTS_MODEL_SCRIPT_H_
