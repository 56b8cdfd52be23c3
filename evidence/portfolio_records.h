// A registration's records, indexed and parsed for the portfolio. A part of
// portfolio.cc; pure. Borrows the views.
#ifndef VOUCH_EVIDENCE_PORTFOLIO_RECORDS_H_
#define VOUCH_EVIDENCE_PORTFOLIO_RECORDS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "evidence/portfolio.h"
#include "evidence/specification.h"
#include "vouch/v1/records.pb.h"
#include "vouch/v1/verification_records.pb.h"

namespace vouch {

class PortfolioRecords {
 public:
  PortfolioRecords(const Specification& specification,
                   const RecordView& registration,
                   absl::Span<const RecordView> records,
                   absl::Span<const RecordView> people);

  const Specification& specification() const { return specification_; }
  const v1::Registration& registration() const { return registration_; }
  const RecordView& registration_view() const { return registration_view_; }
  const std::set<std::string>& units() const { return units_; }
  // Evidence in id order: what is held here, and ids that cross-references and
  // judgements name; a null view for what is not held.
  const std::map<RecordId, const RecordView*>& evidence() const {
    return evidence_;
  }

  // Null if it is not held here.
  const RecordView* Find(const RecordId& record) const;
  // Null if the person is not known here.
  const v1::Person* FindPerson(const PersonId& person) const;
  v1::Role RoleOf(const PersonId& person) const;
  // A name, or an id in hexadecimal.
  std::string NameOf(const PersonId& person) const;
  // The last day of a competence at the specification's level that the person
  // had shown and no longer held at `ms`, ISO 8601; empty if there is none, as
  // far as their file is held here.
  std::string LapsedCompetence(const PersonId& person, int64_t ms) const;

 private:
  void AddEvidence(const RecordView& view);

  const Specification& specification_;
  const RecordView& registration_view_;
  v1::Registration registration_;
  std::set<std::string> units_;
  absl::flat_hash_map<RecordId, const RecordView*> records_;
  absl::flat_hash_map<PersonId, v1::Person> people_;
  std::vector<v1::StaffCompetence> competence_;
  std::map<RecordId, const RecordView*> evidence_;
};

// "held for review: ROLE_NOT_ALLOWED", or that it waits for what is missing.
std::string HeldWords(const HeldChange& held);

}  // namespace vouch

#endif  // VOUCH_EVIDENCE_PORTFOLIO_RECORDS_H_
