#include "server/master_key.h"

#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/private_file.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vouch {

absl::StatusOr<SealKey> FileKeyProvider::MasterKey() {
  auto text = ReadPrivateFile(path_);
  if (ReasonOf(text.status()) == Reason::kNotFound) {
    return Error(Reason::kStoreKeyWrong,
                 absl::StrCat("there is no master key at ", path_,
                              "; supply the one this store was made with"));
  }
  if (!text.ok()) return text.status();
  // The hex form is checked by a type of the same length.
  auto bytes = PublicKey::FromHex(absl::StripAsciiWhitespace(*text));
  std::optional<SealKey> key;
  if (bytes.has_value()) key = SealKey::FromBytes(bytes->view());
  if (!key.has_value()) {
    return Error(Reason::kStoreKeyWrong,
                 absl::StrCat(path_, " is not 64 hexadecimal digits"));
  }
  return *key;
}

absl::Status MakeMasterKey(const std::string& path, Random* random) {
  const SealKey key = SealKey::Generate(*random);
  return WritePrivateFile(
      path, absl::StrCat(absl::BytesToHexString(key.view()), "\n"));
}

}  // namespace vouch
