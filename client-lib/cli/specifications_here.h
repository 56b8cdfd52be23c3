// The specifications that a verb of the command line works with: the centre's,
// as the tablet's store has them, or without a store those built in. One
// thread.
#ifndef VOUCH_CLIENT_LIB_CLI_SPECIFICATIONS_HERE_H_
#define VOUCH_CLIENT_LIB_CLI_SPECIFICATIONS_HERE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client-lib/cli/shell.h"
#include "evidence/catalogue.h"
#include "evidence/specification.h"

namespace vouch::cli {

// With what the centre loaded for their units. Errors: those of Client::Open.
absl::StatusOr<Catalogue> SpecificationsHere(const Shell& shell);

// `version` 0: the latest. Errors: also SPECIFICATION_UNKNOWN.
absl::StatusOr<Specification> SpecificationHere(const Shell& shell,
                                                const std::string& id,
                                                uint32_t version);

// "03455", "03455:2", or the path of a file that ends with .json. Errors: also
// MALFORMED, NOT_FOUND and those of ParseSpecification.
absl::StatusOr<Specification> SpecificationNamed(const Shell& shell,
                                                 const std::string& name);

// "03455 version 1".
std::string SpecificationName(const Specification& specification);

}  // namespace vouch::cli

#endif  // VOUCH_CLIENT_LIB_CLI_SPECIFICATIONS_HERE_H_
