#include "evidence/record_judge.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "evidence/acts.h"
#include "evidence/duties.h"
#include "evidence/editing.h"
#include "evidence/kinds.h"
#include "evidence/operation_form.h"
#include "evidence/permissions.h"
#include "evidence/specification_move.h"
#include "evidence/wire_field.h"
#include "sync/base/status.h"
#include "vouch/v1/records.pb.h"

namespace vouch {
namespace {

// One change before the judge.
class Case {
 public:
  Case(const JudgedChange& change, const JudgeReader& reader)
      : change_(change), reader_(reader), kind_(FindKind(change.kind)) {}

  absl::Status Decide() {
    VOUCH_RETURN_IF_ERROR(CheckAuthor());
    if (kind_ == nullptr) return absl::OkStatus();
    VOUCH_RETURN_IF_ERROR(CheckScope());
    VOUCH_RETURN_IF_ERROR(CheckForm(*kind_, change_));
    VOUCH_RETURN_IF_ERROR(CheckRoles());
    VOUCH_RETURN_IF_ERROR(CheckPast());
    VOUCH_RETURN_IF_ERROR(CheckKey());
    VOUCH_RETURN_IF_ERROR(
        CheckDuties({change_, reader_, *kind_, *author_, written_.get()}));
    VOUCH_RETURN_IF_ERROR(CheckSignatures());
    if (kind_->number == kRegistrationKind) {
      VOUCH_RETURN_IF_ERROR(
          CheckPin(change_, static_cast<const v1::Registration&>(*written_)));
    }
    return CheckMoves();
  }

 private:
  v1::Role role() const { return static_cast<v1::Role>(author_->role); }

  bool Does(MergeClass c) const {
    return std::any_of(change_.operations.begin(), change_.operations.end(),
                       [c](const JudgedOperation& judged) {
                         return judged.operation.merge_class == c;
                       });
  }

  absl::Status CheckAuthor() {
    author_ = reader_.Author(change_.device);
    if (!author_.has_value() || author_->person != change_.author) {
      return Error(Reason::kPersonNotCertified,
                   "the author is not the person certified on the device");
    }
    return absl::OkStatus();
  }

  absl::Status CheckScope() {
    const bool fits = ScopeKindOf(change_.scope) == kind_->scope &&
                      (kind_->number != kRegistrationKind ||
                       RegistrationOf(change_.scope) == change_.record);
    if (fits) return absl::OkStatus();
    return Error(Reason::kScopeWrong,
                 absl::StrCat("a ", kind_->spelling, " does not live there"));
  }

  absl::Status CheckRoles() {
    for (const JudgedOperation& judged : change_.operations) {
      const DraftOperation& op = judged.operation;
      const std::set<ValueName> named(op.replaces.begin(), op.replaces.end());
      std::optional<RecordAct> act = ActOf(op.merge_class, named.size() > 1);
      if (!act.has_value()) continue;
      bool allowed = IsAllowed(role(), kind_->number, *act);
      if (kind_->number == kRegistrationKind && !op.path.empty() &&
          IsAppointment(op.path[0])) {
        allowed &= IsAllowed(role(), kind_->number, RecordAct::kCreate);
      }
      if (!allowed) {
        return Error(
            *act == RecordAct::kResolve ? Reason::kResolverRequired
                                        : Reason::kRoleNotAllowed,
            absl::StrCat("no ", RoleName(role()), " may ", RecordActName(*act),
                         " this ", kind_->spelling));
      }
      if (*act == RecordAct::kResolve) {
        VOUCH_RETURN_IF_ERROR(CheckResolver(judged));
      }
    }
    return absl::OkStatus();
  }

  // The registration's internal verifier, or an administrator where none is
  // named; never an author of a named head.
  absl::Status CheckResolver(const JudgedOperation& judged) const {
    const std::vector<std::string> verifiers = RegistrationValues(
        reader_, change_.scope, v1::Registration::kInternalVerifierFieldNumber);
    const bool resolver =
        verifiers.empty() ? role() == v1::ROLE_ADMINISTRATOR
                          : role() == v1::ROLE_INTERNAL_VERIFIER &&
                                std::count(verifiers.begin(), verifiers.end(),
                                           change_.author.Bytes()) > 0;
    if (!resolver) {
      return Error(Reason::kResolverRequired,
                   "the registration's internal verifier settles this, or an "
                   "administrator where none is named");
    }
    if (!IsNoAuthorOf(judged)) {
      return Error(Reason::kResolverRequired,
                   "nobody settles between their own verdict and another's");
    }
    return absl::OkStatus();
  }

  // False also if it cannot be told: then nobody vouches for it.
  bool IsNoAuthorOf(const JudgedOperation& judged) const {
    return NobodyOf(judged, change_.author);
  }

  absl::Status CheckPast() const {
    const bool revives = Does(MergeClass::kRevive);
    for (const JudgedOperation& judged : change_.operations) {
      const MergeClass c = judged.operation.merge_class;
      const bool draft = IsDraftEdit(c) || c == MergeClass::kSeal;
      if (change_.saw_seal &&
          (draft || c == MergeClass::kDiscard || c == MergeClass::kRevive)) {
        return Error(Reason::kRecordSealed,
                     "its author had seen that the record is signed");
      }
      if (change_.saw_discard && !revives &&
          (draft || c == MergeClass::kTransition)) {
        return Error(Reason::kRecordDiscarded,
                     "its author had seen that the draft was discarded");
      }
      const bool after_seal =
          c == MergeClass::kAmend || c == MergeClass::kWithdraw ||
          c == MergeClass::kAdopt || c == MergeClass::kDismiss ||
          (c == MergeClass::kCountersign && kind_->life == v1::LIFE_SEALED);
      if (after_seal && !change_.saw_seal) {
        return Error(Reason::kOperationNotAllowed, "nothing was signed yet");
      }
    }
    return absl::OkStatus();
  }

  // What this change writes, as a message; then whether a keyed record is the
  // one its key says.
  absl::Status CheckKey() {
    written_ = kind_->NewRecord();
    std::set<uint32_t> fields;
    for (const JudgedOperation& judged : change_.operations) {
      const DraftOperation& op = judged.operation;
      if (op.path.size() != 1) continue;
      if (IsValueClass(op.merge_class)) fields.insert(op.path[0]);
      if (!op.value.has_value()) continue;
      if (IsValueClass(op.merge_class) ||
          op.merge_class == MergeClass::kLedger) {
        MergeValue(*op.value, op.path[0], written_.get());
      }
    }
    const bool writes_key = std::any_of(
        kind_->key.begin(), kind_->key.end(), [&](const KindField* field) {
          return fields.count(field->number) > 0;
        });
    VOUCH_RETURN_IF_ERROR(CheckOwner());
    const bool creates = Does(MergeClass::kCreate);
    if (kind_->key.empty() || !change_.values_known ||
        !(writes_key || creates)) {
      return absl::OkStatus();
    }
    auto id = KeyedIdOf(*written_);
    if (!id.ok() || *id != change_.record) {
      return Error(Reason::kOperationNotAllowed,
                   "the record's key is not the one of its id");
    }
    if (kind_->number == kUnitDecisionKind &&
        static_cast<const v1::UnitDecision&>(*written_).registration() !=
            RegistrationOf(change_.scope).view()) {
      return Error(Reason::kScopeWrong,
                   "the decision is on another registration");
    }
    return absl::OkStatus();
  }

  // What is written about a person lies in that person's scope.
  absl::Status CheckOwner() const {
    if (kind_->owner == nullptr || !change_.values_known) {
      return absl::OkStatus();
    }
    const std::string named = written_->GetReflection()->GetString(
        *written_, kind_->owner->descriptor);
    const auto person = PersonId::FromBytes(named);
    if (named.empty() ||
        (person.has_value() && ScopeOf(*kind_, *person) == change_.scope)) {
      return absl::OkStatus();
    }
    return Error(Reason::kScopeWrong, absl::StrCat("the ", kind_->spelling,
                                                   " is about another person"));
  }

  absl::Status CheckSignatures() const {
    bool needed = false;
    for (const JudgedOperation& judged : change_.operations) {
      needed |= NeedsPersonSignature(judged.operation.merge_class);
    }
    const auto& keys = change_.author_signatures;
    if (needed &&
        std::count(keys.begin(), keys.end(), author_->person_key) == 0) {
      return Error(Reason::kPersonSignatureInvalid,
                   "the author's certified key did not sign it");
    }
    if (kind_->number == kWitnessStatementKind && Does(MergeClass::kSeal) &&
        change_.values_known) {
      return CheckWitness(static_cast<const v1::WitnessStatement&>(*written_));
    }
    return absl::OkStatus();
  }

  // The seal says again how the witness signed (acts.h), so nothing else need
  // be looked up.
  absl::Status CheckWitness(const v1::WitnessStatement& seal) const {
    if (seal.signature_kind() == v1::WITNESS_SIGNATURE_KIND_UNSPECIFIED) {
      return Error(Reason::kNotReadyToSign,
                   "the seal does not say how the witness signed");
    }
    if (seal.signature_kind() != v1::WITNESS_SIGNATURE_KIND_ON_THIS_DEVICE &&
        seal.signature_kind() != v1::WITNESS_SIGNATURE_KIND_INVITED) {
      return absl::OkStatus();
    }
    const auto key = PublicKey::FromBytes(seal.witness_key());
    const auto& keys = change_.witness_signatures;
    if (!key.has_value() || std::count(keys.begin(), keys.end(), *key) == 0) {
      return Error(Reason::kPersonSignatureInvalid,
                   "the witness's one-time key did not sign it");
    }
    return absl::OkStatus();
  }

  absl::Status CheckMoves() const {
    if (kind_->number != kRegistrationKind || !change_.values_known) {
      return absl::OkStatus();
    }
    for (const JudgedOperation& judged : change_.operations) {
      const DraftOperation& op = judged.operation;
      if (op.merge_class != MergeClass::kTransition ||
          op.path !=
              std::vector<uint32_t>{v1::Registration::kStateFieldNumber}) {
        continue;
      }
      if (!MayMoveFromNamed(op)) {
        return Error(Reason::kTransitionIllegal,
                     "a registration does not move so");
      }
    }
    return absl::OkStatus();
  }

  // A predecessor that someone else moved on from meanwhile is no head any
  // more; then the two moves are contested, which the fold shows, and only
  // what is never allowed is held.
  bool MayMoveFromNamed(const DraftOperation& op) const {
    v1::Registration to;
    if (!op.value.has_value() || !MergeValue(*op.value, op.path.back(), &to)) {
      return false;
    }
    if (op.replaces.empty()) {
      return MayMove(role(), v1::REGISTRATION_STATE_UNSPECIFIED, to.state());
    }
    const std::vector<ValueHead> heads =
        HeadsOf(reader_.Record(change_.record), op.path.back());
    for (const ValueName& name : op.replaces) {
      const auto head = std::find_if(
          heads.begin(), heads.end(), [&](const ValueHead& candidate) {
            return candidate.change == name.change &&
                   candidate.operation == name.operation;
          });
      if (head == heads.end()) {
        if (MayMoveTo(role(), to.state())) return true;
        continue;
      }
      v1::Registration from;
      MergeValue(head->value, op.path.back(), &from);
      if (MayMove(role(), from.state(), to.state())) return true;
      // Settling a contest for one of its sides.
      if (op.replaces.size() > 1 && from.state() == to.state()) return true;
    }
    return false;
  }

  const JudgedChange& change_;
  const JudgeReader& reader_;
  const Kind* const kind_;
  std::optional<AuthorFacts> author_;
  std::unique_ptr<google::protobuf::Message> written_;
};

}  // namespace

absl::Status RecordJudge::Decide(const JudgedChange& change,
                                 const JudgeReader& reader) const {
  return Case(change, reader).Decide();
}

}  // namespace vouch
