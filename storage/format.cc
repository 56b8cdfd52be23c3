#include "storage/format.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/engine.h"
#include "sync/base/check.h"
#include "sync/base/codec.h"
#include "sync/base/status.h"

namespace vouch {

absl::Status CheckFormatValue(absl::string_view value, uint64_t newest) {
  ByteReader reader(value);
  const uint64_t version = reader.Varint();
  // A later version may append to the marker, so what follows the number is
  // only judged when the number is one of ours.
  if (reader.ok() && version > newest) {
    return Error(Reason::kStoreNewer,
                 absl::StrCat("the store has format ", version,
                              "; this software reads up to format ", newest));
  }
  if (!reader.Done() || version == 0) {
    return CorruptedIn(Family::kMeta, "the format marker is not a version");
  }
  return absl::OkStatus();
}

absl::Status CheckOrCreateFormat(Store& store, uint64_t newest) {
  absl::StatusOr<std::string> value = store.Get(Family::kMeta, kStoreFormatKey);
  if (value.ok()) return CheckFormatValue(*value, newest);
  if (ReasonOf(value.status()) != Reason::kNotFound) return value.status();
  // The marker is written before anything else, so only an empty store may
  // lack it.
  for (int i = 0; i < kFamilyCount; ++i) {
    const Family family = static_cast<Family>(i);
    bool empty = true;
    VOUCH_RETURN_IF_ERROR(store.Scan(
        family, "", "", [&empty](absl::string_view, absl::string_view) {
          empty = false;
          return false;
        }));
    if (!empty) {
      return CorruptedIn(Family::kMeta,
                         absl::StrCat("the format marker is gone, yet family ",
                                      FamilyName(family), " holds keys"));
    }
  }
  WriteBatch batch;
  batch.Put(Family::kMeta, kStoreFormatKey,
            ByteWriter().Varint(newest).bytes());
  return store.Write(std::move(batch), Durability::kSynced);
}

}  // namespace vouch
