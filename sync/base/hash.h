// SHA-256 under a type tag, so that bytes of one kind never pass for another.
#ifndef VOUCH_SYNC_BASE_HASH_H_
#define VOUCH_SYNC_BASE_HASH_H_

#include <initializer_list>

#include "absl/strings/string_view.h"
#include "sync/base/ids.h"

namespace vouch {

// SHA-256(tag ‖ 0x00 ‖ part ‖ part …). A tag holds no zero byte.
Hash HashOf(absl::string_view tag,
            std::initializer_list<absl::string_view> parts);

// SHA-256 of the bytes alone (Merkle nodes bring their own prefix byte).
Hash Sha256(std::initializer_list<absl::string_view> parts);

}  // namespace vouch

#endif  // VOUCH_SYNC_BASE_HASH_H_
