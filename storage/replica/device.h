// A tablet's replica: saves changes durably while offline, and carries out
// what a DeviceSession asks for. One thread at a time (the library's worker
// or its lock); the simulator runs the same code.
//
//   VOUCH_ASSIGN_OR_RETURN(auto device, Device::Open(store, keys, clock, rnd));
//   device->Adopt(membership);                  // once, after enrolment
//   auto saved = device->Save({new_change});    // durable on return
//   RecordView view = *device->Record(id);
#ifndef VOUCH_STORAGE_REPLICA_DEVICE_H_
#define VOUCH_STORAGE_REPLICA_DEVICE_H_

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/replica/chain_writer.h"
#include "storage/replica/change_store.h"
#include "storage/replica/materialiser.h"
#include "sync/base/judge.h"
#include "sync/core/merkle.h"
#include "sync/core/ranges.h"
#include "sync/core/session.h"

namespace vouch {

// What enrolment gave this tablet.
struct Membership {
  PersonId person;
  std::string person_name;
  int role = 0;  // vouch.v1.Role
  RecordId centre_id;
  std::string centre_name;
  PublicKey centre_key;
  std::string certificate_pem;
  std::string ca_certificate_pem;
  std::string server_address;  // host:port
  int64_t certificate_expires_ms = 0;
};

struct SavedChange {
  Hash hash;
  Coordinate at;
};

// captured = stored + held + pending, counted apart.
struct DeviceLedger {
  uint64_t captured = 0;  // changes this tablet wrote
  uint64_t stored = 0;    // of those, at the centre and applied
  uint64_t held = 0;      // at the centre, held for review
  uint64_t pending = 0;   // on this tablet only
  uint64_t pulled = 0;    // changes of others held here
  bool balanced() const { return captured == stored + held + pending; }
};

inline constexpr size_t kTouchedMax = 4096;

// Names in Family::kMeta that several of its files use (FORMAT.md).
inline constexpr absl::string_view kSegmentedRow = "segmented";
inline constexpr absl::string_view kRecoveryRow = "recovery-due";
inline constexpr absl::string_view kStableRow = "stable";
inline constexpr absl::string_view kErasedRow = "erased";

// Where a change is safe (sync.md §6).
enum class Safety : uint8_t {
  kOnThisTablet = 1,
  kAtTheCentre = 2,  // DURABLE
  kSafe = 3,         // STABLE: a second store has it
};
absl::string_view SafetyName(Safety safety);

// A segment as it is sent, with what proves an earlier commit of it.
OutboxSegment MakeOutbox(const Segment& segment, const SegmentRow& row,
                         const ShortenOwn& shorten);

class Device : public JudgeReader {
 public:
  // Makes keys and an incarnation in a new store. Errors: STORE_*.
  static absl::StatusOr<std::unique_ptr<Device>> Open(Store* store,
                                                      KeyRing* keys,
                                                      const Clock* clock,
                                                      Random* random);

  const SigningKey& device_key() const { return writer_->device_key(); }
  const SigningKey& person_key() const { return writer_->person_key(); }
  DeviceId id() const { return writer_->device(); }
  // That it writes under now.
  const Incarnation& incarnation() const { return writer_->incarnation(); }
  // Absent until enrolled.
  const std::optional<Membership>& membership() const { return membership_; }
  // Durable on return. Errors: ALREADY_ENROLLED, STORE_*.
  absl::Status Adopt(const Membership& membership);

  // Saves all of them in one synced batch, in order; nothing is saved if one
  // cannot be. Errors: NOT_ENROLLED, TOO_LARGE, STORE_FULL, STORE_IO.
  absl::StatusOr<std::vector<SavedChange>> Save(
      absl::Span<const NewChange> drafts);
  // As Save, where a change refers to an earlier one of the same list: each is
  // made when its turn comes, from the hashes of those before it.
  using MakeChange =
      std::function<absl::StatusOr<NewChange>(absl::Span<const SavedChange>)>;
  absl::StatusOr<std::vector<SavedChange>> SaveMade(
      absl::Span<const MakeChange> drafts);

  // Reads. Errors: NOT_FOUND, STORE_CORRUPTED.
  absl::StatusOr<RecordView> View(const RecordId& record) const;
  absl::Status ScanRecords(
      const std::function<bool(const RecordSummaryRow&)>& visit) const;
  // Records whose content or standing may have changed since this was last
  // called: what live queries look at again. Over kTouchedMax of them, `all`.
  struct Touched {
    bool all = false;
    std::set<std::pair<ScopeId, RecordId>> records;
    bool empty() const { return !all && records.empty(); }
  };
  Touched TakeTouched() { return std::exchange(touched_, Touched()); }
  // Records with conflicts or held changes.
  absl::StatusOr<std::vector<AttentionRow>> Attention() const;
  absl::StatusOr<Safety> SafetyOf(const RecordId& record) const;
  // How far the centre's log is in a second store, as last told; absent if it
  // has none.
  const std::optional<TreeHead>& stable_head() const { return stable_head_; }
  absl::StatusOr<DeviceLedger> Ledger() const;
  // The state hash of each scope held, in scope order.
  absl::StatusOr<std::vector<std::pair<ScopeId, Hash>>> ScopeStates() const;

  // What a session needs; closes the open segment first (durable on return).
  absl::StatusOr<DeviceSessionConfig> BeginSession();
  // Carries out an effect of the session's; the event that answers it, if it
  // asks for one. Sending and finishing are the carrier's.
  std::optional<DeviceEvent> CarryOut(const DeviceEffect& effect);

  OutboxRead Read(const ReadOutbox& request) const;
  // Verifies signatures and positions, then writes dispositions and log rows
  // in one synced batch. Errors: PROOF_INVALID, MALFORMED, STORE_*.
  absl::Status Apply(const v1::Ack& ack);
  // Verifies everything, then writes changes, log rows, views and the cursor
  // in one batch. Errors: PROOF_INVALID, those of DecodeSegment, STORE_*.
  PullApplied Apply(const v1::PullBatch& batch);

  // Recovery (rules 12 to 19). Goes back to a rung of the ladder, opens a new
  // incarnation, and notes that reconciliation is due, in one synced batch.
  // Errors: PROOF_INVALID for no rung, STORE_*.
  RecoveryBegun Begin(const BeginRecovery& request);
  RangesCompared Compare(const CompareHeld& request);
  LostRead Read(const ReadLost& request);
  // Reconciliation is acknowledged; durable on return.
  RecoveryEnded End();
  bool recovery_due() const { return recovery_due_; }

  // What Welcome says besides. Errors: PROOF_INVALID, STORE_*.
  StandingKept Keep(const KeepStanding& standing);

  uint64_t cursor_size() const { return tree_.size(); }
  // Log size and root as last pulled.
  Hash cursor_root() const { return tree_.Root(); }

  // JudgeReader: as last known here.
  std::optional<AuthorFacts> Author(const DeviceId& device) const override;
  std::optional<AuthorFacts> Person(const PersonId& person) const override;
  std::optional<RecordView> Record(const RecordId& record) const override;

  const ChangeStore& changes() const { return changes_; }

 private:
  Device(Store* store, KeyRing* keys, const Clock* clock, Random* random);
  absl::Status LoadIdentity();
  absl::Status CreateIdentity();
  void PutIdentity(const ChainWriter& writer, WriteBatch* batch) const;
  absl::Status LoadPosition();
  absl::Status LoadStanding();
  absl::Status KeepStableHead(const std::string& encoded);
  absl::Status Erase(const std::vector<v1::ErasedRecord>& records);
  void Touch(const Materialiser& changed);
  absl::Status Settle();
  absl::Status Write(WriteBatch batch, Durability durability);
  absl::Status CloseSegments();
  absl::Status CloseSomeSegments();
  absl::StatusOr<std::vector<Change>> UnsegmentedChanges() const;
  absl::StatusOr<std::vector<Rung>> Ladder() const;
  absl::Status CountInRun(const Coordinate& at, DeviceLedger* ledger) const;
  struct PullState;
  absl::Status PullOne(const v1::PullItem& item, PullState* state);
  absl::StatusOr<Segment> Decode(const std::string& wire,
                                 const PullState& state) const;
  absl::Status PullSegment(const v1::PulledSegment& item, PullState* state);
  using HeldRow = std::pair<Segment, SegmentRow>;
  absl::StatusOr<std::optional<HeldRow>> HeldSegment(
      const Coordinate& first, const PullState& state) const;
  void KeepRest(const HeldRow& held, const Coordinate& first, uint64_t end_seq,
                PullState* state);
  absl::Status PullOwn(const v1::CommittedSegment& item, PullState* state);
  absl::Status PassEntries(absl::Span<const Change> changes,
                           const Coordinate& first, const SegmentCommit& commit,
                           PullState* state);
  absl::Status PullReinstated(const v1::ReinstatedChange& item,
                              PullState* state);
  void PutPassed(const SegmentRow& known, const Coordinate& first,
                 const SegmentCommit& commit,
                 std::optional<SegmentRow::AckProof> proof,
                 WriteBatch* batch) const;
  absl::Status FinishPull(const v1::PullBatch& batch, PullState* state);
  absl::Status PruneLadder(uint64_t added, WriteBatch* batch) const;

  // A segment that the centre lacks, and its place in the order of resending.
  struct LostSegment {
    int rank = 0;  // authority and reference data first
    uint64_t commit_seq = 0;
    Coordinate first;
  };
  absl::Status Rewind(uint64_t size, WriteBatch* batch, CompactRange* tree,
                      uint64_t* no_longer_stable) const;
  absl::Status ForgetCommit(const Coordinate& first, const LogRow* log,
                            WriteBatch* batch) const;
  absl::Status UnacknowledgeFrom(uint64_t size, WriteBatch* batch,
                                 uint64_t* no_longer_stable) const;
  absl::Status PlanResend();
  absl::StatusOr<std::optional<Coordinate>> SegmentOf(const Hash& hash) const;
  absl::StatusOr<std::vector<Coordinate>> Claims() const;
  absl::Status AddLost(const Coordinate& first,
                       std::vector<LostSegment>* lost) const;
  absl::StatusOr<std::vector<Coordinate>> Recut(
      const Coordinate& first, const std::function<bool(const Hash&)>& lacks);
  absl::StatusOr<OutboxSegment> EncodeLost(const Coordinate& first) const;
  class HeldChanges;
  void WriteCursor(const CompactRange& tree, const HistoryId& history,
                   const Hlc& hlc, WriteBatch* batch) const;

  Store* const store_;
  KeyRing* const keys_;
  const Clock* const clock_;
  Random* const random_;
  ChangeStore changes_;
  Touched touched_;
  std::optional<ChainWriter> writer_;
  std::optional<Membership> membership_;
  uint64_t segmented_seq_ = 0;  // own changes up to here are in segments
  CompactRange tree_;           // the log as pulled
  HistoryId history_;
  bool recovery_due_ = false;            // durable: kRecoveryRow
  std::optional<TreeHead> stable_head_;  // durable: kStableRow
  uint64_t erasures_done_ = 0;           // durable: kErasedRow
  // Of the comparison under way; lost with the session.
  struct Comparison {
    RangeComparison ranges;
    std::vector<LostSegment> lost;
    size_t next = 0;                 // of `lost`, to be read
    std::vector<Coordinate> claims;  // among `lost`
  };
  std::optional<Comparison> comparison_;
  bool in_doubt_ = false;  // a write failed, and may be there all the same
};

}  // namespace vouch

#endif  // VOUCH_STORAGE_REPLICA_DEVICE_H_
