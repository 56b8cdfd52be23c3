// An author whose app is newer than ours: its payloads have encodings, its
// operations classes and its signatures roles that nobody here can read. Every
// replica must carry them byte for byte (invariant 18).
#ifndef VOUCH_TESTS_SIM_NEWER_APP_H_
#define VOUCH_TESTS_SIM_NEWER_APP_H_

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "storage/replica/chain_writer.h"
#include "tests/sim/centre_node.h"

namespace vouch::sim {

inline constexpr char kUnknownEncoding = 99;

// Has no replica of its own: it keeps what the centre has not answered yet and
// submits it again.
class NewerApp {
 public:
  NewerApp(uint64_t seed, CentreNode* centre, Oracle* oracle,
           Findings* findings)
      : random_(seed),
        centre_(centre),
        oracle_(oracle),
        findings_(findings),
        chain_("the newer app", findings) {}

  void Enrol(Centre& centre, Roster* roster);
  void Write(const SimClock& clock, Places* places);
  // Submits everything that has not been acknowledged, from the first on.
  void Submit();
  // The centre was put back: all that it may lack is submitted again.
  void Resend() { waiting_.assign(all_.begin(), all_.end()); }
  bool idle() const { return waiting_.empty(); }
  const ChainOracle& chain() const { return chain_; }

 private:
  struct Waiting {
    uint64_t seq;
    std::string wire;
  };
  void OnCommitted(const Committed& committed);
  NewChange Draft(const SimClock& clock, Places* places);
  void Alter(Change* change);

  SimRandom random_;
  CentreNode* const centre_;
  Oracle* const oracle_;
  Findings* const findings_;
  ChainOracle chain_;
  std::optional<ChainWriter> writer_;
  std::vector<Waiting> all_;
  std::deque<Waiting> waiting_;
  std::optional<NewChange> last_;  // its latest record, to be edited
  Hash last_hash_;
};

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_NEWER_APP_H_
