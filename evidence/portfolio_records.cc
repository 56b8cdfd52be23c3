#include "evidence/portfolio_records.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "evidence/editing.h"
#include "evidence/kinds.h"
#include "evidence/readiness.h"
#include "sync/base/scope.h"
#include "sync/base/status.h"

namespace vouch {

PortfolioRecords::PortfolioRecords(const Specification& specification,
                                   const RecordView& registration,
                                   absl::Span<const RecordView> records,
                                   absl::Span<const RecordView> people)
    : specification_(specification), registration_view_(registration) {
  if (auto parsed = ParseRecordAs<v1::Registration>(registration)) {
    registration_ = *parsed;
  }
  units_.insert(registration_.units().begin(), registration_.units().end());
  for (const RecordView& view : people) {
    if (auto shown = ParseRecordAs<v1::StaffCompetence>(view)) {
      if (view.state != RecordState::kDiscarded &&
          shown->level() == specification.data().level() &&
          MissingIn(*shown).empty()) {
        competence_.push_back(*shown);
      }
      continue;
    }
    auto person = ParseRecordAs<v1::Person>(view);
    if (person == nullptr) continue;
    if (auto id = PersonId::FromBytes(person->person_id())) {
      people_[*id] = *person;
    }
  }
  for (const RecordView& view : records) {
    if (view.id == registration.id ||
        RegistrationOf(view.scope) != registration.id) {
      continue;
    }
    records_[view.id] = &view;
  }
  for (const auto& [id, view] : records_) AddEvidence(*view);
  // What others name and nobody brought, without a view; and what they name
  // that is no evidence, so that it can be said.
  for (auto& [id, view] : evidence_) {
    if (view == nullptr) view = Find(id);
  }
}

void PortfolioRecords::AddEvidence(const RecordView& view) {
  const Kind* kind = FindKind(view.kind);
  const bool shared = ScopeKindOf(view.scope) == ScopeKind::kShared;
  if (kind == nullptr ? shared : kind->evidence) {
    evidence_[view.id] = &view;
    return;
  }
  std::string named;
  if (auto offered = ParseRecordAs<v1::CrossReference>(view)) {
    if (view.state != RecordState::kDiscarded) named = offered->evidence();
  } else if (auto judged = ParseRecordAs<v1::Judgement>(view)) {
    named = judged->evidence();
  }
  if (auto id = RecordId::FromBytes(named)) evidence_.try_emplace(*id, nullptr);
}

const RecordView* PortfolioRecords::Find(const RecordId& record) const {
  auto found = records_.find(record);
  return found == records_.end() ? nullptr : found->second;
}

const v1::Person* PortfolioRecords::FindPerson(const PersonId& person) const {
  auto found = people_.find(person);
  return found == people_.end() ? nullptr : &found->second;
}

v1::Role PortfolioRecords::RoleOf(const PersonId& person) const {
  const v1::Person* found = FindPerson(person);
  return found == nullptr ? v1::ROLE_UNSPECIFIED : found->role();
}

std::string PortfolioRecords::NameOf(const PersonId& person) const {
  const v1::Person* found = FindPerson(person);
  return found == nullptr || found->name().empty() ? person.Hex()
                                                   : found->name();
}

std::string PortfolioRecords::LapsedCompetence(const PersonId& person,
                                               int64_t ms) const {
  const std::string day = absl::FormatTime("%Y-%m-%d", absl::FromUnixMillis(ms),
                                           absl::UTCTimeZone());
  std::set<std::string> held;
  for (const v1::StaffCompetence& shown : competence_) {
    if (shown.person() == person.view() &&
        (shown.expires_on().empty() || shown.expires_on() >= day)) {
      held.insert(shown.criterion());
    }
  }
  std::string lapsed;
  for (const v1::StaffCompetence& shown : competence_) {
    if (shown.person() == person.view() && held.count(shown.criterion()) == 0) {
      lapsed = std::max(lapsed, shown.expires_on());
    }
  }
  return lapsed;
}

std::string HeldWords(const HeldChange& held) {
  if (held.parked) return "waits for a change that is not here yet";
  if (held.reason == Reason::kUnspecified) {
    return "rests on a change that is held for review";
  }
  return absl::StrCat("held for review: ", ReasonName(held.reason));
}

}  // namespace vouch
