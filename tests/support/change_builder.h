// Records written by several people on several devices, for tests of what is
// above the fold: real changes (chained, hashed, committed to, signed by the
// person where the act asks for it), each seeing only what its author's
// notebook holds.
//
//   Author ann("ann"), bob("bob", v1::ROLE_TRAINEE_ASSESSOR);
//   Notebook on_ann(&ann), on_bob(&bob);
//   RecordRef seen = on_ann.Starts(observation, registration_id);
//   on_bob.Learns(on_ann);
//   on_bob.Edits(seen, changed);                        // apart …
//   on_ann.Does(seen, SealRecord(on_ann.View(seen)));
//   on_ann.Learns(on_bob);
//   RecordView view = on_ann.View(seen);                // … a late amendment
//
// One record of one kind at the level of the fold: author.h is lighter.
// Everything is made from names and counters, so a test's bytes are the same
// on every run. One thread. What an author should not be able to do ends the
// test program.
#ifndef VOUCH_TESTS_SUPPORT_CHANGE_BUILDER_H_
#define VOUCH_TESTS_SUPPORT_CHANGE_BUILDER_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "sync/base/judge.h"
#include "sync/base/sign.h"
#include "sync/core/change.h"
#include "sync/core/fold.h"
#include "sync/core/hlc.h"
#include "sync/core/segment.h"
#include "tests/support/author.h"
#include "vouch/v1/records.pb.h"

namespace vouch::test {

struct RecordRef {
  uint32_t kind = 0;
  RecordId id;
  ScopeId scope;
};

// A person with a role, certified on one device.
class Author {
 public:
  explicit Author(absl::string_view name, v1::Role role = v1::ROLE_ASSESSOR);

  const std::string& name() const { return name_; }
  v1::Role role() const { return role_; }
  PersonId person() const { return IdOf<PersonId>(name_); }
  DeviceId device() const { return DeviceIdOf(device_key_.public_key()); }
  const SigningKey& device_key() const { return device_key_; }
  const SigningKey& person_key() const { return person_key_; }
  AuthorFacts facts() const;
  // As the centre would write it at enrolment.
  v1::Person AsRecord() const;

  // Sets the author's clock; it moves on by a second a change.
  Author& At(int64_t clock_ms) {
    clock_ms_ = clock_ms;
    return *this;
  }
  int64_t clock_ms() const { return clock_ms_; }
  Random& random() { return random_; }

  struct Draft {
    RecordRef record;
    std::vector<Hash> frontier;
    std::vector<Hash> relies_on;
    std::vector<DraftOperation> operations;
    bool sign = false;
    std::vector<SigningKey> witnesses;
  };
  // The next change of this device's chain.
  Change Writes(const Draft& draft);
  void Receives(uint64_t hlc);

  // The chain since the last call, cut where the scope changes, sealed by the
  // device.
  std::vector<Segment> TakeSegments();

 private:
  std::string name_;
  v1::Role role_;
  SigningKey device_key_, person_key_;
  SeededBytes random_;
  Hlc hlc_;
  int64_t clock_ms_ = kStartMs;
  uint64_t seq_ = 0;
  Hash previous_;
  std::vector<Change> unsent_;
};

// What one author's device holds, of any number of records.
class Notebook {
 public:
  explicit Notebook(Author* author) : author_(author) {}

  Author& author() { return *author_; }
  // All that the other one holds.
  void Learns(const Notebook& other);
  void Learns(const Change& change);

  // A new record of a registration; a Registration itself needs no owner.
  RecordRef Starts(const google::protobuf::Message& record,
                   const RecordId& registration = RecordId());
  // Saves the difference to what the notebook shows; nothing may be wrong and
  // something must be different.
  const Change& Edits(const RecordRef& record,
                      const google::protobuf::Message& edited);
  // Saves operations, signed by the person if one of them asks for it and by
  // `witnesses`.
  const Change& Does(const RecordRef& record,
                     absl::StatusOr<std::vector<DraftOperation>> operations,
                     std::vector<SigningKey> witnesses = {});

  // The change is held for review here.
  void Holds(const Hash& change, Reason reason);

  RecordView View(const RecordRef& record) const { return View(record.id); }
  RecordView View(const RecordId& record) const;
  bool Has(const RecordId& record) const { return records_.count(record) > 0; }
  std::vector<RecordView> Views() const;
  // What the notebook holds, else the program ends.
  const Change& Get(const Hash& change) const { return changes_.at(change); }
  std::vector<FoldChange> ChangesOf(const RecordId& record) const;

  // The message that the record shows.
  template <typename Message>
  Message Read(const RecordRef& record) const {
    Message message;
    message.CopyFrom(*ReadAny(record));
    return message;
  }

  // The change as a judge is shown it.
  JudgedChange Judged(const Change& change) const;

 private:
  std::unique_ptr<google::protobuf::Message> ReadAny(
      const RecordRef& record) const;
  void Past(const Hash& change, std::set<Hash>* past) const;

  Author* const author_;
  std::map<Hash, Change> changes_;
  std::map<RecordId, std::vector<Hash>> records_;  // in the order learnt
  std::map<Hash, Disposition> dispositions_;
};

}  // namespace vouch::test

#endif  // VOUCH_TESTS_SUPPORT_CHANGE_BUILDER_H_
