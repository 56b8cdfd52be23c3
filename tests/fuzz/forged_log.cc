// A centre that holds its own key and lies in its log: batches put together as
// the input says, proven by tree heads signed for exactly what was sent, with
// segments of devices that write whatever is wanted, twice at the same place
// too.
//
// A signature makes a log consistent, not true. Still the tablet ends with its
// own work to the byte, with every record readable, every segment as its device
// signed it, and either at the cursor that was proven or where it was.
#include "absl/strings/str_cat.h"
#include "sync/base/codec.h"
#include "sync/base/hash.h"
#include "tests/fuzz/log_checks.h"

namespace vouch::fuzz {
namespace {

constexpr int kBatchesMax = 6;
constexpr int kItemsMax = 8;

// A device in the centre's pay.
struct Accomplice {
  SigningKey key;
  uint64_t seq = 0;
  Hash head;
};

class HostileLog {
 public:
  HostileLog(Tablet& tablet, Input& in)
      : tablet_(tablet),
        in_(in),
        writers_{{FuzzWorld::Get().other_device_key()},
                 {*SigningKey::FromSeed(std::string(32, 'e'))}} {
    auto config = tablet_.device->BeginSession();
    VOUCH_CHECK(config.ok());
    config_ = *config;
  }

  void Run() {
    for (int i = 0; i < kBatchesMax && !in_.empty(); ++i) {
      if (in_.Below(4) == 3) {
        SendAck();
      } else {
        SendBatch();
      }
    }
  }

 private:
  void SendBatch() {
    // What the device must hold afterwards, if it takes all of it.
    tree_ = *CompactRange::Decode(CursorOf());
    ends_.clear();
    v1::PullBatch batch;
    for (size_t i = 1 + in_.Below(kItemsMax); i > 0; --i) AddItem(batch);
    batch.set_end_size(in_.Byte() == 255 ? in_.Number() : tree_.size());
    TreeHead head;
    head.history = FuzzWorld::Get().history();
    head.size = in_.Byte() == 255 ? in_.Number() : tree_.size();
    head.root = tree_.Root();
    SignTreeHead(FuzzWorld::Get().centre_key(), &head);
    batch.set_tree_head(EncodeTreeHead(head));
    if (in_.Byte() == 255) MutateMessage(batch, in_);

    const std::string before = Describe(tablet_);
    PullApplied applied = tablet_.device->Apply(batch);
    MustBeTyped(applied.status);
    if (applied.status.ok()) {
      VOUCH_CHECK(tablet_.device->cursor_size() == batch.end_size());
      Describe(tablet_);
    } else {
      VOUCH_CHECK(Describe(tablet_) == before);
    }
  }

  // A device keeps the range itself to itself: its own row tells.
  std::string CursorOf() {
    auto row = tablet_.store->Get(Family::kMeta, "cursor");
    VOUCH_CHECK(row.ok());
    return row->substr(1 + HistoryId::kSize + 8);
  }

  void AddItem(v1::PullBatch& batch) {
    switch (in_.Below(4)) {
      case 0:
      case 1:
        return AddSegment(batch);
      case 2:
        return AddSkipped(batch);
      case 3:
        return AddOwn(batch);
    }
  }

  void AddSkipped(v1::PullBatch& batch) {
    uint64_t count = in_.Number();
    v1::SkippedEntries* item = batch.add_items()->mutable_skipped();
    item->set_count(count);
    uint64_t end = tree_.size() + count;
    std::vector<Hash> hashes;
    if (end > tree_.size() && end <= kTreeSizeMax) {
      hashes.resize(SubtreeLevels(tree_.size(), end).size(), in_.Make<Hash>());
      VOUCH_CHECK(tree_.AppendSubtrees(end, hashes).ok());
    }
    for (const Hash& hash : hashes) item->add_subtrees(hash.Bytes());
  }

  Change Forge(Accomplice& writer, const ScopeId& scope) {
    const SigningKey& key = writer.key;
    Change change;
    ChangeCore& core = change.core;
    core.device = DeviceIdOf(key.public_key());
    core.seq = ++writer.seq;
    core.previous = core.seq == 1 ? Hash() : writer.head;
    core.scope = scope;
    core.kind = static_cast<uint32_t>(in_.Below(8));
    core.record = RecordIdOf(in_.Below(3));
    core.hlc = in_.Number();
    core.claimed_ms = static_cast<int64_t>(in_.Number());
    for (size_t i = 1 + in_.Below(2); i > 0; --i) {
      Operation op;
      op.merge_class = static_cast<MergeClass>(1 + in_.Below(20));
      op.path = {static_cast<uint32_t>(1 + in_.Below(6))};
      if (in_.Below(2) == 1) op.part = static_cast<uint32_t>(in_.Below(2));
      if (in_.Below(3) == 1) op.element = in_.Make<ElementId>();
      if (!known_.empty() && in_.Below(2) == 1) {
        op.replaces = {{known_[in_.Below(known_.size())],
                        static_cast<uint32_t>(in_.Below(2))}};
      }
      core.operations.push_back(op);
    }
    if (!known_.empty() && in_.Below(2) == 1) {
      core.frontier = {known_[in_.Below(known_.size())]};
      core.relies_on = {known_[in_.Below(known_.size())]};
    }
    change.payload = in_.Below(4) == 3
                         ? std::string(in_.Bytes(in_.Below(40)))
                         : EncodePayload({std::string(in_.Bytes(4))});
    core.commitment = CommitPayload(change.salt, change.payload);
    change.core_bytes = EncodeCore(core);
    change.hash = ChangeHash(change.core_bytes);
    writer.head = change.hash;
    known_.push_back(change.hash);
    return change;
  }

  // Records of the tablet's own among them: a stranger borrows their ids.
  RecordId RecordIdOf(size_t which) {
    std::vector<RecordId> ids;
    VOUCH_CHECK(tablet_.device
                    ->ScanRecords([&](const RecordSummaryRow& row) {
                      ids.push_back(row.record);
                      return true;
                    })
                    .ok());
    return which < ids.size() ? ids[which] : RecordId();
  }

  void AddSegment(v1::PullBatch& batch) {
    Accomplice& writer = writers_[in_.Below(writers_.size())];
    if (in_.Below(4) == 3) {
      writer.seq = in_.Below(3);  // again at a place that was taken
      writer.head = HashOf("another past", {});
    }
    const auto& scopes = FuzzWorld::Get().scopes();
    size_t at = in_.Below(scopes.size() + 1);
    ScopeId scope = at < scopes.size() ? scopes[at] : in_.Make<ScopeId>();
    std::vector<Change> changes;
    for (size_t i = 1 + in_.Below(3); i > 0; --i) {
      changes.push_back(Forge(writer, scope));
    }
    Segment segment = SealSegment(std::move(changes), {}, writer.key);
    v1::PulledSegment* item = batch.add_items()->mutable_segment();
    item->set_segment(EncodeSegment(segment, nullptr));
    item->set_commit(EncodeSegmentCommit(Place(segment)));
  }

  // The next place in log and scope, and what the tree holds then.
  SegmentCommit Place(const Segment& segment) {
    const ScopeId& scope = segment.header.scope;
    auto end = ends_.find(scope);
    if (end == ends_.end()) {
      auto stored =
          tablet_.device->changes().GetScopeEnd(*tablet_.store, scope);
      VOUCH_CHECK(stored.ok());
      end = ends_.emplace(scope, *stored).first;
    }
    SegmentCommit commit;
    commit.first_commit_seq = tree_.size();
    commit.first_scope_seq = end->second.seq + 1;
    commit.previous_scope_head = end->second.head;
    commit.receive_ms = static_cast<int64_t>(in_.Number());
    std::vector<Hash> hashes;
    for (const Change& change : segment.changes) {
      Disposition verdict;
      if (in_.Below(4) == 3) {
        verdict = {true, static_cast<Reason>(in_.Below(200))};
      }
      commit.dispositions.push_back(verdict);
      hashes.push_back(change.hash);
    }
    std::vector<LogEntry> entries = EntriesOf(commit, scope, hashes);
    // The device cannot hold more than a tree can.
    if (tree_.size() + entries.size() <= kTreeSizeMax) {
      for (const LogEntry& entry : entries) {
        tree_.Append(LeafHash(EncodeLogEntry(entry)));
      }
    }
    end->second = {entries.back().scope_seq, ScopeHead(entries.back())};
    if (in_.Byte() == 255) commit.first_commit_seq = in_.Number();
    if (in_.Byte() == 255) commit.first_scope_seq = 1 + in_.Below(9);
    return commit;
  }

  std::optional<Segment> OwnSegment() {
    const OwnHead& own = config_.heads.at(0);
    Coordinate at{tablet_.device->id(), own.incarnation, Hash(),
                  1 + in_.Below(own.seq + 2)};
    auto segment = tablet_.device->changes().GetSegment(*tablet_.store, at);
    if (!segment.ok()) return std::nullopt;
    return *std::move(segment);
  }

  void AddOwn(v1::PullBatch& batch) {
    auto segment = OwnSegment();
    if (!segment.has_value()) return;
    v1::CommittedSegment* item = batch.add_items()->mutable_own();
    item->set_incarnation(segment->header.incarnation.Bytes());
    item->set_first_seq(segment->header.first_seq);
    item->set_count(segment->header.count);
    item->set_commit(EncodeSegmentCommit(Place(*segment)));
  }

  void SendAck() {
    auto segment = OwnSegment();
    if (!segment.has_value()) return;
    tree_ = *CompactRange::Decode(CursorOf());
    ends_.clear();
    SegmentCommit commit = Place(*segment);
    std::vector<Hash> hashes;
    for (const Change& change : segment->changes) hashes.push_back(change.hash);
    v1::Ack ack;
    v1::CommittedSegment* item = ack.add_segments();
    item->set_incarnation(segment->header.incarnation.Bytes());
    item->set_first_seq(segment->header.first_seq);
    item->set_count(segment->header.count);
    item->set_commit(EncodeSegmentCommit(commit));
    const HistoryId& history = FuzzWorld::Get().history();
    ack.set_history_id(history.Bytes());
    Signature signature =
        SignAck(FuzzWorld::Get().centre_key(), history,
                EntriesOf(commit, segment->header.scope, hashes));
    ack.add_signatures(signature.Bytes());
    const bool altered = in_.Below(4) == 3;
    if (altered) MutateMessage(ack, in_);
    const std::string before = Describe(tablet_);
    absl::Status status = tablet_.device->Apply(ack);
    MustBeTyped(status);
    VOUCH_CHECK(altered || status.ok());
    if (!status.ok()) VOUCH_CHECK(Describe(tablet_) == before);
  }

  Tablet& tablet_;
  Input& in_;
  DeviceSessionConfig config_;
  std::vector<Accomplice> writers_;
  CompactRange tree_;
  std::map<ScopeId, ScopeEnd> ends_;
  std::vector<Hash> known_;  // hashes that forged changes may name
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input in(data, size);
  std::unique_ptr<Tablet> tablet = FuzzWorld::Get().CopyTablet();
  const OwnState before = OwnStateOf(*tablet);
  HostileLog(*tablet, in).Run();
  CheckSegments(tablet->device->changes(), *tablet->store);
  CheckKept(before, *tablet);
  return 0;
}

}  // namespace vouch::fuzz
