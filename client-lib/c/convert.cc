#include "client-lib/c/convert.h"

#include "google/protobuf/message.h"

namespace vouch::c {
namespace {

v1::DisagreementSide ToMessage(const ConflictOption& side) {
  v1::DisagreementSide out;
  out.set_author(side.author);
  out.set_author_name(side.author_name);
  out.set_claimed_ms(side.claimed_ms);
  out.set_words(side.words);
  if (side.value != nullptr) out.set_value(side.value->SerializeAsString());
  out.set_change(side.change);
  return out;
}

}  // namespace

v1::Enrolment ToMessage(const Enrolment& enrolment) {
  v1::Enrolment out;
  out.set_device(enrolment.device);
  out.set_person(enrolment.person);
  out.set_person_name(enrolment.person_name);
  out.set_role(enrolment.role);
  out.set_centre(enrolment.centre);
  out.set_centre_name(enrolment.centre_name);
  out.set_server(enrolment.server);
  out.set_certificate_expires_ms(enrolment.certificate_expires_ms);
  out.set_ca_fingerprint(enrolment.ca_fingerprint);
  return out;
}

v1::RecordRow ToMessage(const RecordSummary& summary) {
  v1::RecordRow out;
  out.set_id(summary.id);
  out.set_registration(summary.registration);
  out.set_kind(summary.kind);
  out.set_kind_number(summary.kind_number);
  out.set_state(summary.state);
  out.set_conflicts(summary.conflicts);
  out.set_held(summary.held);
  out.set_changes(summary.changes);
  out.set_pending(summary.pending);
  return out;
}

v1::RecordPage ToMessage(const RecordPage& page) {
  v1::RecordPage out;
  for (const RecordSummary& summary : page.records) {
    *out.add_records() = ToMessage(summary);
  }
  out.set_next_page_token(page.next_page_token);
  return out;
}

v1::RecordEventList ToMessage(const std::vector<RecordEvent>& events) {
  v1::RecordEventList out;
  for (const RecordEvent& event : events) {
    v1::RecordEvent* added = out.add_events();
    switch (event.what) {
      case RecordEvent::What::kAppeared:
        added->set_what(v1::RECORD_EVENT_KIND_APPEARED);
        break;
      case RecordEvent::What::kChanged:
        added->set_what(v1::RECORD_EVENT_KIND_CHANGED);
        break;
      case RecordEvent::What::kGone:
        added->set_what(v1::RECORD_EVENT_KIND_GONE);
        break;
    }
    *added->mutable_record() = ToMessage(event.record);
  }
  return out;
}

v1::StoredRecord ToMessage(const Record& record) {
  v1::StoredRecord out;
  *out.mutable_row() = ToMessage(record.summary);
  if (record.message != nullptr) {
    out.set_message(record.message->SerializeAsString());
  }
  out.set_base(record.base);
  out.set_safety(static_cast<v1::SafetyState>(record.safety));
  out.set_needs_newer_app(record.needs_newer_app);
  out.set_content_digest(record.content_digest);
  for (const Conflict& conflict : record.conflicts) {
    *out.add_conflicts() = ToMessage(conflict);
  }
  for (const HeldForReview& held : record.held) {
    *out.add_held() = ToMessage(held);
  }
  for (const Record::Act& act : record.acts) {
    v1::RecordAct* added = out.add_acts();
    added->set_what(act.what);
    added->set_author(act.author);
    added->set_author_name(act.author_name);
    added->set_claimed_ms(act.claimed_ms);
  }
  return out;
}

v1::FieldProblemList ToMessage(const std::vector<FieldProblem>& problems) {
  v1::FieldProblemList out;
  for (const FieldProblem& problem : problems) {
    v1::FieldProblem* added = out.add_problems();
    added->set_field(problem.field);
    added->set_label(problem.label);
    added->set_words(problem.words);
  }
  return out;
}

v1::Disagreement ToMessage(const Conflict& conflict) {
  v1::Disagreement out;
  out.set_handle(conflict.handle);
  out.set_version(conflict.version);
  out.set_record(conflict.record);
  out.set_kind(conflict.kind);
  out.set_what(conflict.what);
  out.set_field(conflict.field);
  out.set_label(conflict.label);
  for (const ConflictOption& side : conflict.sides) {
    *out.add_sides() = ToMessage(side);
  }
  if (conflict.base.has_value()) {
    *out.mutable_base() = ToMessage(*conflict.base);
  }
  if (conflict.suggestion.has_value()) {
    out.set_suggestion(*conflict.suggestion);
  }
  out.set_needs_resolver(conflict.needs_resolver);
  return out;
}

v1::DisagreementList ToMessage(const std::vector<Conflict>& conflicts) {
  v1::DisagreementList out;
  for (const Conflict& conflict : conflicts) {
    *out.add_conflicts() = ToMessage(conflict);
  }
  return out;
}

v1::HeldChange ToMessage(const HeldForReview& held) {
  v1::HeldChange out;
  out.set_change(held.change);
  out.set_record(held.record);
  out.set_author(held.author);
  out.set_author_name(held.author_name);
  out.set_reason(held.reason);
  out.set_words(held.words);
  out.set_cause(held.cause);
  out.set_parked(held.parked);
  return out;
}

v1::HeldChangeList ToMessage(const std::vector<HeldForReview>& held) {
  v1::HeldChangeList out;
  for (const HeldForReview& item : held) *out.add_held() = ToMessage(item);
  return out;
}

v1::ReviewWarningList ToMessage(const std::vector<Warning>& warnings) {
  v1::ReviewWarningList out;
  for (const Warning& warning : warnings) {
    v1::ReviewWarning* added = out.add_warnings();
    added->set_record(warning.record);
    added->set_change(warning.change);
    added->set_reason(warning.reason);
    added->set_words(warning.words);
  }
  return out;
}

v1::PossibleDuplicateList ToMessage(
    const std::vector<PossibleDuplicate>& pairs) {
  v1::PossibleDuplicateList out;
  for (const PossibleDuplicate& pair : pairs) {
    v1::PossibleDuplicate* added = out.add_pairs();
    added->set_record(pair.record);
    added->set_other(pair.other);
    added->set_registration(pair.registration);
    added->set_likeness_percent(pair.likeness_percent);
    added->set_words(pair.words);
  }
  return out;
}

v1::ScopeHashList ToMessage(const std::vector<ScopeHash>& scopes) {
  v1::ScopeHashList out;
  for (const ScopeHash& scope : scopes) {
    v1::ScopeHash* added = out.add_scopes();
    added->set_scope(scope.scope);
    added->set_registration(scope.registration);
    added->set_name(scope.name);
    added->set_hash(scope.hash);
  }
  return out;
}

v1::ExportReport ToMessage(const ExportReport& report) {
  v1::ExportReport out;
  out.set_records(report.records);
  out.set_changes(report.changes);
  for (const std::string& damage : report.damage) out.add_damage(damage);
  return out;
}

}  // namespace vouch::c
