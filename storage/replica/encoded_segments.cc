#include "storage/replica/encoded_segments.h"

namespace vouch {
namespace {

size_t BytesOf(const EncodedSegments::Encoded& encoded) {
  return sizeof(encoded) + encoded.wire.size();
}

}  // namespace

EncodedSegments::Pass EncodedSegments::Begin() const {
  MutexLock lock(mutex_);
  return pass_;
}

EncodedSegments::Pointer EncodedSegments::Find(uint64_t first_commit_seq,
                                               bool shortened) const {
  MutexLock lock(mutex_);
  auto found = kept_.find({first_commit_seq, shortened});
  return found == kept_.end() ? nullptr : found->second;
}

EncodedSegments::Pointer EncodedSegments::Keep(Pass pass,
                                               uint64_t first_commit_seq,
                                               bool shortened,
                                               Encoded encoded) {
  auto kept = std::make_shared<const Encoded>(std::move(encoded));
  const Key key(first_commit_seq, shortened);
  MutexLock lock(mutex_);
  if (pass != pass_ || !kept_.emplace(key, kept).second) return kept;
  order_.push_back(key);
  bytes_ += BytesOf(*kept);
  while (bytes_ > kEncodedBytesMax) {
    auto oldest = kept_.find(order_.front());
    bytes_ -= BytesOf(*oldest->second);
    kept_.erase(oldest);
    order_.pop_front();
  }
  return kept;
}

void EncodedSegments::Clear() {
  MutexLock lock(mutex_);
  ++pass_;
  kept_.clear();
  order_.clear();
  bytes_ = 0;
}

}  // namespace vouch
