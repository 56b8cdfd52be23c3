// The specifications that a centre has: those built in, those that it imported,
// and what it loaded for units that they leave unknown; from the records of its
// reference scope. The same on each device that holds these records.
//
//   CentreCatalogue catalogue(reference_records);
//   VOUCH_ASSIGN_OR_RETURN(Specification spec, catalogue.Find("03455", 1));
//
// A value; const members may be called from any thread.
#ifndef VOUCH_EVIDENCE_CENTRE_CATALOGUE_H_
#define VOUCH_EVIDENCE_CENTRE_CATALOGUE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "evidence/catalogue.h"
#include "evidence/unit_contents.h"
#include "sync/base/ids.h"
#include "sync/base/record_view.h"
#include "vouch/v1/reference.pb.h"

namespace vouch {

// A record of the reference scope that is not used, or not as it stands.
struct CatalogueFault {
  RecordId record;
  std::string why;
};

class CentreCatalogue {
 public:
  // Other kinds and discarded records are passed over. What cannot be used is
  // in faults(): a file that does not pass its checks, or is not the one that
  // its record is named by; one that gives another content to a version that is
  // built in; two files for one version (then neither is used).
  explicit CentreCatalogue(absl::Span<const RecordView> records);

  // With what is loaded for its units. `version` 0: the latest.
  // SPECIFICATION_UNKNOWN.
  absl::StatusOr<Specification> Find(absl::string_view id,
                                     uint32_t version) const;
  // As their files say, without what is loaded.
  const Catalogue& files() const { return files_; }
  const ContentsByUnit& contents() const { return contents_; }
  const std::vector<CatalogueFault>& faults() const { return faults_; }

 private:
  void AddFiles(absl::Span<const RecordView> records);
  void AddContents(const RecordView& record);

  Catalogue files_;
  ContentsByUnit contents_;
  std::vector<CatalogueFault> faults_;
};

// The record of a file, which names it by its bytes. Errors: those of
// ParseSpecification; TOO_LARGE for more than a record's text may have.
absl::StatusOr<v1::SpecificationFile> MakeSpecificationFile(
    absl::string_view file);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_CENTRE_CATALOGUE_H_
