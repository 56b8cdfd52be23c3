#include "client-lib/src/base_token.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/escaping.h"
#include "sync/base/codec.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kTokenHashesMax = 100'000;

absl::Status NoToken() {
  return Error(Reason::kMalformed,
               "this is no base token of this record in this store: get the "
               "record again");
}

void Write(const std::vector<Hash>& hashes, ByteWriter* out) {
  out->Varint(hashes.size());
  for (const Hash& hash : hashes) out->Fixed(hash);
}

std::vector<Hash> Read(ByteReader* in) {
  std::vector<Hash> hashes(in->Count(Hash::kSize, kTokenHashesMax));
  for (Hash& hash : hashes) hash = in->Fixed<Hash>();
  return hashes;
}

}  // namespace

Base BaseOf(const RecordView& view) {
  Base base;
  base.record = view.id;
  base.frontier = view.frontier;
  for (const HeldChange& held : view.held) base.held.push_back(held.change);
  return base;
}

Base BaseAfter(const Base& base, const Hash& change) {
  return {base.record, {change}, base.held};
}

std::string EncodeBase(const Base& base) {
  ByteWriter out;
  out.U8(kVersion).Fixed(base.record);
  Write(base.frontier, &out);
  Write(base.held, &out);
  return absl::WebSafeBase64Escape(out.bytes());
}

absl::StatusOr<Base> DecodeBase(absl::string_view token) {
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(token, &bytes)) return NoToken();
  ByteReader in(bytes);
  if (in.U8() != kVersion) return NoToken();
  Base base;
  base.record = in.Fixed<RecordId>();
  base.frontier = Read(&in);
  base.held = Read(&in);
  if (!in.Done()) return NoToken();
  return base;
}

absl::StatusOr<RecordView> ViewAt(const Base& base,
                                  absl::Span<const FoldChange> changes) {
  absl::flat_hash_map<Hash, size_t> index;
  for (size_t i = 0; i < changes.size(); ++i) index[changes[i].hash] = i;
  std::vector<bool> seen(changes.size());
  std::vector<size_t> todo;
  auto reach = [&](const Hash& hash) {
    auto found = index.find(hash);
    if (found == index.end()) return false;
    if (!seen[found->second]) {
      seen[found->second] = true;
      todo.push_back(found->second);
    }
    return true;
  };
  for (const Hash& hash : base.frontier) {
    if (!reach(hash)) return NoToken();
  }
  while (!todo.empty()) {
    size_t at = todo.back();
    todo.pop_back();
    for (const Hash& hash : ReferencesOf(changes[at].core)) reach(hash);
  }
  // What was held then is held in the view, by whatever cause; all else took
  // effect then, even if it no longer does.
  absl::flat_hash_set<Hash> held(base.held.begin(), base.held.end());
  std::vector<FoldChange> past;
  for (size_t i = 0; i < changes.size(); ++i) {
    if (!seen[i]) continue;
    past.push_back(changes[i]);
    Disposition& verdict = past.back().disposition;
    verdict.quarantined = held.contains(past.back().hash);
    if (!verdict.quarantined) verdict.reason = Reason::kUnspecified;
  }
  if (past.empty()) return NoToken();
  return FoldRecord(past, [](const Hash&) { return CauseState::kEffective; });
}

}  // namespace vouch
