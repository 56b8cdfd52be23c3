// The centre and its authority store: joined when the centre opens, written
// first ever after. And what a backup makes safe.
#include <algorithm>

#include "storage/replica/centre.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr absl::string_view kStable = "stable";

absl::Status Mismatch(absl::string_view why) {
  return Error(Reason::kAuthorityMismatch, why);
}

}  // namespace

// Before anything is served: a log store that was restored or set back must
// neither forget a revocation, a used code or an erasure, nor write its own
// changes a second time at the same places.
absl::Status Centre::JoinAuthority() {
  histories_ = {history_};
  if (authority_ == nullptr) return erasures_.Load(*store_, *keys_);
  VOUCH_ASSIGN_OR_RETURN(auto mark, authority_->GetMark());
  if (mark.has_value()) {
    if (mark->centre != centre_id_) {
      return Mismatch("the authority store is of another centre");
    }
    histories_ = mark->histories;
    auto at = std::find(histories_.begin(), histories_.end(), history_);
    if (at == histories_.end()) {
      histories_.push_back(history_);  // restored, and told so
    } else if (at + 1 != histories_.end()) {
      return Mismatch(
          "the centre was restored elsewhere since: this log store is its "
          "past, and two of one centre must not write");
    } else {
      VOUCH_ASSIGN_OR_RETURN(was_set_back_, IsSetBack(*mark));
      const bool wrote_more = mark->incarnation == writer_->incarnation() &&
                              mark->own_seq > writer_->seq();
      // The second alone is also what a crash leaves: a new incarnation costs
      // nothing, and a second change at the same place would be a fork.
      if (was_set_back_ || wrote_more) {
        VOUCH_RETURN_IF_ERROR(Renew(was_set_back_));
      }
    }
  }
  VOUCH_RETURN_IF_ERROR(authority_->Join(store_, *keys_));
  VOUCH_RETURN_IF_ERROR(erasures_.Load(*store_, *keys_));
  return PutMark(writer_->seq());
}

absl::StatusOr<bool> Centre::IsSetBack(const CentreMark& mark) const {
  if (mark.log_size > tree_->size()) return true;
  VOUCH_ASSIGN_OR_RETURN(Hash root, RootAt(*tree_, mark.log_size));
  return root != mark.log_root;
}

absl::Status Centre::Renew(bool history_too) {
  VOUCH_ASSIGN_OR_RETURN(CentreIdentity identity,
                         ReadIdentity(*store_, *keys_));
  identity.incarnation = random_->Make<Incarnation>();
  if (history_too) {
    identity.history = random_->Make<HistoryId>();
    histories_.push_back(identity.history);
  }
  WriteBatch batch;
  PutIdentity(identity, *keys_, &batch);
  VOUCH_RETURN_IF_ERROR(store_->Write(std::move(batch), Durability::kSynced));
  TakeIdentity(identity);
  return LoadLog();
}

absl::Status Centre::PutMark(uint64_t own_seq) {
  if (authority_ == nullptr) return absl::OkStatus();
  CentreMark mark;
  mark.centre = centre_id_;
  mark.histories = histories_;
  mark.incarnation = writer_->incarnation();
  mark.own_seq = own_seq;
  {
    MutexLock lock(mutex_);
    mark.log_size = published_.size;
    mark.log_root = published_.root;
    if (stable_.has_value()) mark.stable_size = stable_->size;
  }
  return authority_->PutMark(mark);
}

// The authority store first: what the log store lacks after a crash between
// the two, it takes over when it is opened.
absl::Status Centre::WriteGrants(const std::vector<GrantRow>& rows) {
  if (authority_ != nullptr) {
    VOUCH_RETURN_IF_ERROR(authority_->Write(rows));
  }
  WriteBatch batch;
  for (const GrantRow& row : rows) {
    PutGrant(row.key, row.plain, *keys_, &batch);
  }
  return store_->Write(std::move(batch), Durability::kSynced);
}

absl::Status Centre::NoteStable(const TreeHead& head) {
  TreeHead stable = head;
  stable.time_ms = clock_->Now().wall_ms;
  {
    MutexLock lock(mutex_);
    VOUCH_CHECK(head.history == history_ && head.size <= published_.size);
    // An older backup to another folder takes nothing back.
    if (stable_.has_value() && stable_->size > head.size) {
      return absl::OkStatus();
    }
  }
  SignStableHead(*centre_key_, &stable);
  WriteBatch batch;
  batch.Put(Family::kMeta, kStable, EncodeTreeHead(stable));
  VOUCH_RETURN_IF_ERROR(store_->Write(std::move(batch), Durability::kSynced));
  {
    MutexLock lock(mutex_);
    stable_ = stable;
  }
  return PutMark(writer_->seq());
}

std::optional<TreeHead> Centre::StableHead() const {
  MutexLock lock(mutex_);
  return stable_;
}

// A stable head is withdrawn with its history: what it covered may not be in
// this log any more.
absl::Status Centre::LoadStable() {
  auto bytes = store_->Get(Family::kMeta, kStable);
  if (absl::IsNotFound(bytes.status())) return absl::OkStatus();
  if (!bytes.ok()) return bytes.status();
  auto head = DecodeTreeHead(*bytes);
  if (!head.ok() || !VerifyStableHead(centre_public_key_, *head)) {
    return Error(Reason::kStoreCorrupted,
                 "the stable head in family meta is not readable");
  }
  MutexLock lock(mutex_);
  if (head->history == history_ && head->size <= published_.size) {
    stable_ = *head;
  }
  return absl::OkStatus();
}

}  // namespace vouch
