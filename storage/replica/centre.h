// A centre's replica: verifies, judges and commits segments to the log, keeps
// its tree, materialises views, reads feeds. Server and simulator run the same
// code.
//
// Threads: Commit, Materialise, Enrol and CreateCode are for one committer
// thread at a time. Everything marked "any thread" reads published state and
// the store only.
//
//   VOUCH_ASSIGN_OR_RETURN(auto centre, Centre::Open(store, keys, judge, …));
//   auto segment = centre->Verify(device, wire);          // any thread
//   auto results = centre->Commit({{device, *segment}});  // committer
//   centre->Materialise(kMaterialiseEntriesMax);
#ifndef VOUCH_STORAGE_REPLICA_CENTRE_H_
#define VOUCH_STORAGE_REPLICA_CENTRE_H_

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "storage/mutex.h"
#include "storage/replica/authority.h"
#include "storage/replica/centre_identity.h"
#include "storage/replica/chain_runs.h"
#include "storage/replica/chain_writer.h"
#include "storage/replica/change_store.h"
#include "storage/replica/encoded_segments.h"
#include "storage/replica/erasure_register.h"
#include "storage/replica/grant_rows.h"
#include "storage/replica/materialiser.h"
#include "sync/base/judge.h"
#include "sync/core/merkle_tiles.h"
#include "sync/core/session.h"

namespace vouch {

// Some ten milliseconds of work, beside which a sync is little: whoever has a
// small change waits for the group before, and shares one.
inline constexpr size_t kCommitGroupChangesMax = 512;
inline constexpr size_t kCommitGroupBytesMax = 4 << 20;
inline constexpr size_t kMaterialiseEntriesMax = 1024;
// In Family::kMeta: how much of the log is in the views and indexes.
inline constexpr absl::string_view kMaterialised = "materialised";
// Committed changes of which some 200 bytes each are kept in memory until they
// are in the views. A longer tail is worked off while commits wait. A decision
// waits for all of it, so more room would buy a long push time at the price of
// everybody's decisions.
inline constexpr size_t kTailChangesMax = 16'384;
// Of those, changes whole, as they came, so that the views need not read and
// open them again. What does not fit is read.
inline constexpr size_t kKeptBytesMax = 16 << 20;
inline constexpr int64_t kCodeValidMsMax = int64_t{30} * 24 * 3600 * 1000;
inline constexpr int64_t kCodeValidMsDefault = int64_t{24} * 3600 * 1000;
inline constexpr size_t kPersonNameBytesMax = 200;
inline constexpr int kCentreRole = 1;  // vouch.v1.ROLE_ADMINISTRATOR

struct EnrolmentCode {
  std::string code;  // shown once; only its hash is stored
  int64_t expires_ms = 0;
  PersonId person;
};

// What Centre::Erase did.
struct ErasedRecord {
  uint64_t scopes = 0;   // that hold the record
  uint64_t changes = 0;  // whose payloads are gone now
  bool registered_before = false;
};

class Centre {
 public:
  struct Options {
    std::string name;  // of the centre; written at first start only
    // Kept apart from `store` (authority.h); outlives the centre. Null: members
    // and erasures are in `store` alone.
    Authority* authority = nullptr;
  };
  // Makes identity, history and centre keys in a new store; takes over what
  // the authority store has and this one lacks, erasures among it; brings the
  // views up to the log. Errors: STORE_*; AUTHORITY_MISMATCH if the authority
  // store is of another centre, or this one was restored elsewhere since.
  static absl::StatusOr<std::unique_ptr<Centre>> Open(
      Store* store, KeyRing* keys, const Judge* judge, const Clock* clock,
      Random* random, const Options& options);

  // Any thread.
  const PublicKey& key() const { return centre_public_key_; }
  const HistoryId& history() const { return history_; }
  const RecordId& id() const { return centre_id_; }
  const std::string& name() const { return name_; }

  // A segment that was pushed, verified.
  struct CommitRequest {
    DeviceId from;
    Segment segment;
    // Pushed in reconciliation: of any author, and after a gap too (rule 17).
    bool recovering = false;
    // What it got, provably, in a log that this centre lost (rule 10).
    std::optional<SegmentRow::EarlierCommit> earlier;
  };
  // Any thread: decodes and verifies segment `index` of what `from` pushed; an
  // earlier commit that is not proven is left out. Errors: those of
  // DecodeSegment, CHAIN_FOREIGN.
  // `on_way` knows the hashes of changes of that chain that are being
  // committed, so that segments which refer to them by number need not wait.
  using FindOnWay = std::function<std::optional<Hash>(
      const Incarnation& incarnation, uint64_t seq)>;
  absl::StatusOr<CommitRequest> Verify(const DeviceId& from,
                                       const CommitSegments& push, size_t index,
                                       const FindOnWay& on_way = nullptr) const;

  struct CommitResult {
    absl::Status status;  // CHAIN_BROKEN, CHAIN_FORKED; OK for a duplicate
    SegmentCommit commit;
    Signature ack;
    bool duplicate = false;
  };
  // A result each, in order; all are synced on return, in one batch unless a
  // decision among them needs the views brought up first. An error means that
  // what was not committed before is unknown; a resend finds out.
  absl::StatusOr<std::vector<CommitResult>> Commit(
      std::vector<CommitRequest> requests);
  // Adds a commit's result to what acknowledges it to `to`. Any thread.
  void AddToAck(const DeviceId& to, const SegmentHeader& header,
                bool recovering, const CommitResult& result,
                v1::Ack* ack) const;

  // Works up to `entries_max` further log entries into the views. After a
  // failed commit it first finds out what that left, as the next commit does.
  absl::Status Materialise(size_t entries_max);
  bool materialised() const;  // any thread

  // The centre writes a record itself (people at enrolment). Committer.
  absl::Status Write(const NewChange& change);

  // Erases a record's payloads in every scope that has it, those still to come
  // included; cores and proofs stay. Durable on return; calling it again is
  // harmless. Committer. Errors: NOT_FOUND (and not registered before),
  // STORE_*.
  absl::StatusOr<ErasedRecord> Erase(const RecordId& record);
  // Any thread.
  bool IsErased(const ScopeId& scope, const RecordId& record) const {
    return erasures_.Contains(scope, record);
  }
  // The register from `from_seq` on, at most kErasuresListMax. Any thread.
  std::vector<Erasure> Erasures(uint64_t from_seq) const {
    return erasures_.From(from_seq);
  }

  uint64_t erasure_count() const { return erasures_.end_seq(); }

  // A verified backup holds the bodies of all entries below head.size: signs
  // and keeps that (STABLE, rule 25). Durable on return. Committer. Errors:
  // STORE_*.
  absl::Status NoteStable(const TreeHead& head);
  // Signed as a stable head; absent if there is no such backup, or none since
  // this centre was restored. Any thread.
  std::optional<TreeHead> StableHead() const;

  // True if Open found the log store set back to an earlier point without
  // being told, and renewed history and incarnation.
  bool was_set_back() const { return was_set_back_; }

  // Single use, expiring. Committer. Errors: MALFORMED, STORE_*.
  absl::StatusOr<EnrolmentCode> CreateCode(int role, absl::string_view name,
                                           int64_t valid_ms,
                                           std::optional<PersonId> person);
  // Certifies a device. The same code with the same keys gives the same
  // answer. Committer. Errors: CODE_UNKNOWN, CODE_USED, CODE_EXPIRED, STORE_*.
  absl::StatusOr<Member> Enrol(absl::string_view code,
                               const PublicKey& device_key,
                               const PublicKey& person_key);
  // Any thread.
  absl::StatusOr<std::optional<Member>> FindMember(const DeviceId& id) const;
  absl::StatusOr<std::vector<Member>> ListMembers() const;
  absl::StatusOr<std::vector<CodeRow>> ListCodes() const;

  using Visible = std::function<bool(const ScopeId&)>;
  // Any thread: what Welcome holds for this device.
  LookedUp Answer(const DeviceId& device, const v1::Hello& hello) const;
  // Any thread: where a device that saw another log has to go back to.
  CommonFound Find(const FindCommon& request) const;
  // Any thread: a batch from `request.from_size` up to the newest tree head,
  // whole segments, at least one if there is any.
  FeedRead Feed(const DeviceId& device, const Visible& visible,
                const ReadFeed& request) const;
  // Any thread: what of that device's set this centre lacks. What is not in the
  // views yet counts as lacking, which costs a resend.
  RangesAnswered Compare(const DeviceId& device, const Visible& visible,
                         const AnswerCompare& request) const;
  // The newest signed tree head. Any thread.
  TreeHead Head() const;

  struct LedgerNumbers {
    uint64_t log_size = 0;
    Hash log_root;
    uint64_t stored = 0;
    uint64_t held = 0;
  };
  // Any thread; counts by scanning the log.
  absl::StatusOr<LedgerNumbers> Ledger() const;

  // Any thread. Errors: NOT_FOUND, those of the store.
  absl::StatusOr<AuthorFacts> FindAuthor(const DeviceId& device) const;
  absl::StatusOr<AuthorFacts> FindPerson(const PersonId& person) const;
  absl::StatusOr<RecordView> FindRecord(const RecordId& record) const;

  const ChangeStore& changes() const { return changes_; }
  Store* store() const { return store_; }

 private:
  struct Group;
  class JudgingReader;
  // A segment whose changes the views still have to take.
  struct KeptSegment {
    uint64_t first_commit_seq = 0;
    std::vector<Change> changes;
    size_t bytes = 0;
  };
  // What verdicts were given on; at most what one commit group asks for, and
  // dropped with it.
  struct Consulted {
    absl::flat_hash_map<DeviceId, std::optional<AuthorFacts>> authors;
    absl::flat_hash_map<PersonId, std::optional<AuthorFacts>> persons;
    absl::flat_hash_map<RecordId, std::optional<RecordView>> records;
  };
  Centre(Store* store, KeyRing* keys, const Judge* judge, const Clock* clock,
         Random* random);
  absl::Status LoadIdentity(const Options& options);
  void TakeIdentity(const CentreIdentity& identity);
  // With the authority store (centre_authority.cc).
  absl::Status JoinAuthority();
  absl::StatusOr<bool> IsSetBack(const CentreMark& mark) const;
  absl::Status Renew(bool history_too);
  absl::Status PutMark(uint64_t own_seq);
  absl::Status WriteGrants(const std::vector<GrantRow>& rows);
  absl::Status LoadStable();
  // Erasures (centre_erase.cc).
  absl::Status PutKept(const Change& change, const Hash& branch,
                       WriteBatch* batch) const;
  absl::StatusOr<uint64_t> CarryOutErasures();
  absl::StatusOr<uint64_t> CarryOut(const std::vector<Erasure>& erasures);
  absl::Status LoadLog();
  absl::StatusOr<TiledTree> OpenTree(uint64_t size) const;
  TileGet TilesOf(const Reader& reader) const;
  absl::Status AddItem(const Reader& snapshot, EncodedSegments::Pass pass,
                       const DeviceId& device, const ReadFeed& request,
                       const LogRow& row, ChainRuns* chains,
                       v1::PullBatch* batch) const;
  absl::StatusOr<EncodedSegments::Pointer> EncodedAt(const Reader& snapshot,
                                                     EncodedSegments::Pass pass,
                                                     const LogRow& row,
                                                     bool may_shorten,
                                                     ChainRuns* chains) const;
  static bool NeedsViews(const Segment& segment);
  absl::Status WriteGroup(Group* group);
  absl::Status CommitAll(const std::vector<CommitRequest>& requests,
                         std::vector<CommitResult>* results);
  absl::Status CommitOne(const CommitRequest& request, Group* group,
                         CommitResult* result);
  absl::StatusOr<bool> FindDuplicate(const Segment& segment,
                                     CommitResult* result) const;
  absl::StatusOr<std::optional<size_t>> BeginOfRest(
      const Segment& segment) const;
  absl::Status JudgeAll(const CommitRequest& request, const Segment& part,
                        Coordinate at, SegmentCommit* commit);
  absl::Status RenewAuthorIfLost(const CommitRequest& request, Group* group);
  void Append(const LogRow& row, absl::Span<const Hash> hashes, Group* group,
              CommitResult* result);
  absl::Status Reinstate(const CommitRequest& request, Group* group);
  absl::StatusOr<Disposition> Decide(const Change& change);
  absl::StatusOr<ScopeEnd> ScopeEndOf(const ScopeId& scope);
  void Publish();
  // Keeps what was committed for Materialise, as far as there is room.
  void Keep(std::vector<CommitRequest> requests,
            const std::vector<CommitResult>& results);
  // A log row's changes: as kept, else as stored.
  absl::StatusOr<std::vector<Change>> TakeChanges(const LogRow& row);
  absl::Status LoadTail();
  absl::Status Settle();
  absl::Status CheckSettled() const;

  Store* const store_;
  KeyRing* const keys_;
  const Judge* const judge_;
  const Clock* const clock_;
  Random* const random_;
  Authority* authority_ = nullptr;
  ChangeStore changes_;
  ErasureRegister erasures_;
  std::vector<HistoryId> histories_;  // as in the authority's mark
  bool was_set_back_ = false;

  RecordId centre_id_;
  std::string name_;
  HistoryId history_;
  PublicKey centre_public_key_;
  DeviceId centre_device_;  // the centre as an author
  PublicKey centre_person_key_;
  std::optional<SigningKey> centre_key_;  // signs tree heads and acks

  // The committer's.
  std::optional<ChainWriter> writer_;
  std::optional<TiledTree> tree_;
  LocationIndex tail_;            // committed, not yet materialised
  Consulted consulted_;           // of this commit, since the views last moved
  std::deque<KeptSegment> kept_;  // in log order, with gaps
  size_t kept_bytes_ = 0;
  bool reload_due_ = false;  // tree, tail and caches are not the store's
  ChainRuns runs_;
  absl::flat_hash_map<ScopeId, ScopeEnd> scope_ends_;

  mutable EncodedSegments sent_;  // what feeds had to open and encode

  mutable Mutex mutex_;
  struct Published {
    uint64_t size = 0;
    Hash root;
    uint64_t materialised = 0;
  };
  Published published_ VOUCH_GUARDED_BY(mutex_);
  mutable std::optional<TreeHead> head_ VOUCH_GUARDED_BY(mutex_);
  std::optional<TreeHead> stable_ VOUCH_GUARDED_BY(mutex_);
  // A write failed, and may be there all the same: nothing is served from the
  // store until that is known and durable.
  bool in_doubt_ VOUCH_GUARDED_BY(mutex_) = false;
};

}  // namespace vouch

#endif  // VOUCH_STORAGE_REPLICA_CENTRE_H_
