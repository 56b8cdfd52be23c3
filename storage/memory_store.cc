#include "storage/memory_store.h"

#include <array>
#include <cstring>
#include <deque>
#include <map>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "storage/engine.h"
#include "storage/format.h"
#include "storage/mutex.h"
#include "storage/persistent_map.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

// All families at one moment. Copies share their nodes.
struct State {
  std::array<PersistentMap, kFamilyCount> families;

  PersistentMap& of(Family family) {
    return families[static_cast<size_t>(family)];
  }
  const PersistentMap& of(Family family) const {
    return families[static_cast<size_t>(family)];
  }
};

uint64_t ChecksumOf(absl::string_view value) {
  return absl::Hash<absl::string_view>{}(value);
}

bool IsSound(const PersistentMap::Entry& entry) {
  return entry.checksum == ChecksumOf(entry.value);
}

absl::Status Damaged(Family family) {
  return CorruptedIn(family, "a value does not match its checksum");
}

void Apply(const WriteBatch& batch, State& state) {
  for (const WriteBatch::Entry& entry : batch.entries()) {
    PersistentMap& map = state.of(entry.family);
    switch (entry.op) {
      case WriteBatch::Op::kPut:
        map.Put(std::make_shared<PersistentMap::Entry>(PersistentMap::Entry{
            entry.key, entry.value, ChecksumOf(entry.value)}));
        break;
      case WriteBatch::Op::kDelete:
        map.Erase(entry.key);
        break;
      case WriteBatch::Op::kDeleteRange:
        map.EraseRange(entry.key, entry.value);
        break;
    }
  }
}

absl::StatusOr<std::string> GetFrom(const PersistentMap& map, Family family,
                                    absl::string_view key) {
  PersistentMap::EntryPtr entry = map.Find(key);
  if (entry == nullptr) return NotFoundIn(family);
  if (!IsSound(*entry)) return Damaged(family);
  return entry->value;
}

absl::Status ScanIn(const PersistentMap& map, Family family, bool reverse,
                    absl::string_view begin, absl::string_view end,
                    const Reader::Visitor& visit) {
  absl::Status status;
  auto step = [&](const PersistentMap::Entry& entry) {
    if (!IsSound(entry)) {
      status = Damaged(family);
      return false;
    }
    return visit(entry.key, entry.value);
  };
  if (reverse) {
    map.ScanReverse(begin, end, step);
  } else {
    map.Scan(begin, end, step);
  }
  return status;
}

class MemorySnapshot : public Reader {
 public:
  explicit MemorySnapshot(State state) : state_(std::move(state)) {}

  absl::StatusOr<std::string> Get(Family family,
                                  absl::string_view key) const override {
    return GetFrom(state_.of(family), family, key);
  }
  absl::Status Scan(Family family, absl::string_view begin,
                    absl::string_view end,
                    const Visitor& visit) const override {
    return ScanIn(state_.of(family), family, false, begin, end, visit);
  }
  absl::Status ScanReverse(Family family, absl::string_view begin,
                           absl::string_view end,
                           const Visitor& visit) const override {
    return ScanIn(state_.of(family), family, true, begin, end, visit);
  }

 private:
  const State state_;
};

}  // namespace

struct MemoryDisk::Device {
  mutable Mutex mutex;
  State live VOUCH_GUARDED_BY(mutex);
  // The state before each unsynced batch, oldest first.
  std::deque<State> unsynced VOUCH_GUARDED_BY(mutex);
  std::map<std::string, State> checkpoints VOUCH_GUARDED_BY(mutex);
  std::shared_ptr<const WriteHook> hook VOUCH_GUARDED_BY(mutex);
  uint64_t crashes VOUCH_GUARDED_BY(mutex) = 0;
  bool full VOUCH_GUARDED_BY(mutex) = false;
  bool locked VOUCH_GUARDED_BY(mutex) = false;
};

MemoryDisk::MemoryDisk() : MemoryDisk(std::make_shared<Device>()) {}
MemoryDisk::MemoryDisk(std::shared_ptr<Device> device)
    : device_(std::move(device)) {}
MemoryDisk::~MemoryDisk() = default;
MemoryDisk::MemoryDisk(MemoryDisk&&) noexcept = default;
MemoryDisk& MemoryDisk::operator=(MemoryDisk&&) noexcept = default;

MemoryDisk MemoryDisk::Clone() const {
  auto copy = std::make_shared<Device>();
  MutexLock lock(device_->mutex);
  MutexLock copy_lock(copy->mutex);
  copy->live = device_->live;
  copy->unsynced = device_->unsynced;
  copy->checkpoints = device_->checkpoints;
  return MemoryDisk(copy);
}

size_t MemoryDisk::Crash(Random& random) {
  uint8_t bytes[8];
  random.Fill(bytes, sizeof(bytes));
  uint64_t draw;
  std::memcpy(&draw, bytes, sizeof(draw));
  MutexLock lock(device_->mutex);
  const size_t count = device_->unsynced.size();
  const size_t kept = draw % (count + 1);
  if (kept < count) device_->live = device_->unsynced[kept];
  device_->unsynced.clear();
  device_->locked = false;
  ++device_->crashes;
  return count - kept;
}

void MemoryDisk::SetFull(bool full) {
  MutexLock lock(device_->mutex);
  device_->full = full;
}

bool MemoryDisk::CorruptValue(Family family, absl::string_view key) {
  MutexLock lock(device_->mutex);
  auto corrupt = [&](State& state) {
    PersistentMap::EntryPtr entry = state.of(family).Find(key);
    if (entry == nullptr) return false;
    if (!IsSound(*entry)) return true;
    auto damaged = std::make_shared<PersistentMap::Entry>(*entry);
    if (damaged->value.empty()) {
      damaged->checksum ^= 1;
    } else {
      damaged->value.back() ^= 1;
    }
    state.of(family).Put(std::move(damaged));
    return true;
  };
  for (State& state : device_->unsynced) corrupt(state);
  return corrupt(device_->live);
}

void MemoryDisk::RepairValue(Family family, absl::string_view key,
                             absl::string_view value) {
  MutexLock lock(device_->mutex);
  auto repair = [&](State& state) {
    PersistentMap::EntryPtr entry = state.of(family).Find(key);
    if (entry == nullptr || IsSound(*entry)) return;
    auto good = std::make_shared<PersistentMap::Entry>(*entry);
    good->value = std::string(value);
    good->checksum = ChecksumOf(good->value);
    state.of(family).Put(std::move(good));
  };
  for (State& state : device_->unsynced) repair(state);
  repair(device_->live);
}

void MemoryDisk::SetWriteHook(WriteHook hook) {
  std::shared_ptr<const WriteHook> shared;
  if (hook != nullptr) {
    shared = std::make_shared<const WriteHook>(std::move(hook));
  }
  MutexLock lock(device_->mutex);
  device_->hook.swap(shared);
}

size_t MemoryDisk::unsynced_batches() const {
  MutexLock lock(device_->mutex);
  return device_->unsynced.size();
}

absl::StatusOr<MemoryDisk> MemoryDisk::Checkpointed(
    const std::string& folder) const {
  auto copy = std::make_shared<Device>();
  MutexLock lock(device_->mutex);
  auto found = device_->checkpoints.find(folder);
  if (found == device_->checkpoints.end()) {
    return Error(Reason::kNotFound,
                 absl::StrCat("no checkpoint was made in ", folder));
  }
  MutexLock copy_lock(copy->mutex);
  copy->live = found->second;
  return MemoryDisk(copy);
}

class MemoryStore : public Store {
 public:
  using Device = MemoryDisk::Device;
  using Stage = MemoryDisk::Stage;

  MemoryStore(std::shared_ptr<Device> device, uint64_t crashes)
      : device_(std::move(device)), crashes_(crashes) {}
  ~MemoryStore() override {
    MutexLock lock(device_->mutex);
    if (device_->crashes == crashes_) device_->locked = false;
  }

  absl::StatusOr<std::string> Get(Family family,
                                  absl::string_view key) const override {
    VOUCH_ASSIGN_OR_RETURN(const PersistentMap map, Map(family));
    return GetFrom(map, family, key);
  }
  absl::Status Scan(Family family, absl::string_view begin,
                    absl::string_view end,
                    const Visitor& visit) const override {
    VOUCH_ASSIGN_OR_RETURN(const PersistentMap map, Map(family));
    return ScanIn(map, family, false, begin, end, visit);
  }
  absl::Status ScanReverse(Family family, absl::string_view begin,
                           absl::string_view end,
                           const Visitor& visit) const override {
    VOUCH_ASSIGN_OR_RETURN(const PersistentMap map, Map(family));
    return ScanIn(map, family, true, begin, end, visit);
  }

  absl::Status Write(WriteBatch batch, Durability durability) override;
  absl::Status Sync() override;
  std::unique_ptr<Reader> Snapshot() const override;
  absl::Status Checkpoint(const std::string& folder) override;

 private:
  absl::Status CheckAlive() const VOUCH_REQUIRES(device_->mutex) {
    if (device_->crashes == crashes_) return absl::OkStatus();
    return Error(Reason::kStoreIo, "the machine crashed");
  }
  absl::StatusOr<PersistentMap> Map(Family family) const {
    MutexLock lock(device_->mutex);
    VOUCH_RETURN_IF_ERROR(CheckAlive());
    return device_->live.of(family);
  }
  absl::Status CallHook(
      const std::shared_ptr<const MemoryDisk::WriteHook>& hook, Stage stage,
      const WriteBatch& batch) const;
  absl::Status SyncWithHook(
      const std::shared_ptr<const MemoryDisk::WriteHook>& hook,
      const WriteBatch& batch);

  const std::shared_ptr<Device> device_;
  const uint64_t crashes_;  // the disk's count when this store was opened
};

absl::Status MemoryStore::CallHook(
    const std::shared_ptr<const MemoryDisk::WriteHook>& hook, Stage stage,
    const WriteBatch& batch) const {
  if (hook == nullptr) return absl::OkStatus();
  absl::Status answer = (*hook)(stage, batch);
  MutexLock lock(device_->mutex);
  VOUCH_RETURN_IF_ERROR(CheckAlive());
  return answer;
}

absl::Status MemoryStore::SyncWithHook(
    const std::shared_ptr<const MemoryDisk::WriteHook>& hook,
    const WriteBatch& batch) {
  VOUCH_RETURN_IF_ERROR(CallHook(hook, Stage::kBeforeSync, batch));
  {
    MutexLock lock(device_->mutex);
    VOUCH_RETURN_IF_ERROR(CheckAlive());
    device_->unsynced.clear();
  }
  return CallHook(hook, Stage::kAfterWrite, batch);
}

absl::Status MemoryStore::Write(WriteBatch batch, Durability durability) {
  const bool synced = durability == Durability::kSynced;
  if (batch.empty()) return synced ? Sync() : absl::OkStatus();
  VOUCH_RETURN_IF_ERROR(CheckBatchLimits(batch));
  std::shared_ptr<const MemoryDisk::WriteHook> hook;
  {
    MutexLock lock(device_->mutex);
    VOUCH_RETURN_IF_ERROR(CheckAlive());
    if (device_->full) {
      return Error(Reason::kStoreFull, "the memory disk is set to full");
    }
    hook = device_->hook;
    if (synced && hook == nullptr) {
      // Nobody can crash in between, so no state to fall back to is kept, and
      // the nodes are written in place.
      device_->unsynced.clear();
      Apply(batch, device_->live);
      return absl::OkStatus();
    }
  }
  VOUCH_RETURN_IF_ERROR(CallHook(hook, Stage::kBeforeWrite, batch));
  {
    MutexLock lock(device_->mutex);
    VOUCH_RETURN_IF_ERROR(CheckAlive());
    device_->unsynced.push_back(device_->live);
    if (device_->unsynced.size() > MemoryDisk::kUnsyncedBatchesMax) {
      device_->unsynced.pop_front();
    }
    Apply(batch, device_->live);
  }
  if (synced) return SyncWithHook(hook, batch);
  return CallHook(hook, Stage::kAfterWrite, batch);
}

absl::Status MemoryStore::Sync() {
  std::shared_ptr<const MemoryDisk::WriteHook> hook;
  {
    MutexLock lock(device_->mutex);
    VOUCH_RETURN_IF_ERROR(CheckAlive());
    hook = device_->hook;
  }
  return SyncWithHook(hook, WriteBatch());
}

std::unique_ptr<Reader> MemoryStore::Snapshot() const {
  MutexLock lock(device_->mutex);
  absl::Status alive = CheckAlive();
  if (!alive.ok()) return FailedReader(std::move(alive));
  return std::make_unique<MemorySnapshot>(device_->live);
}

absl::Status MemoryStore::Checkpoint(const std::string& folder) {
  MutexLock lock(device_->mutex);
  VOUCH_RETURN_IF_ERROR(CheckAlive());
  if (device_->full) {
    return Error(Reason::kStoreFull, "the memory disk is set to full");
  }
  if (!device_->checkpoints.emplace(folder, device_->live).second) {
    return Error(Reason::kAlreadyExists,
                 absl::StrCat(folder, " exists already"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Store>> OpenMemoryStore(MemoryDisk* disk) {
  std::shared_ptr<MemoryDisk::Device> device = disk->device_;
  uint64_t crashes = 0;
  {
    MutexLock lock(device->mutex);
    if (device->locked) {
      return Error(Reason::kStoreLocked, "the memory disk is open already");
    }
    device->locked = true;
    crashes = device->crashes;
  }
  auto store = std::make_unique<MemoryStore>(std::move(device), crashes);
  VOUCH_RETURN_IF_ERROR(CheckOrCreateFormat(*store));
  return store;
}

}  // namespace vouch
