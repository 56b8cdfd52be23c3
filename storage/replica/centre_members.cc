// Who belongs to the centre: enrolment codes, devices, people.
#include "storage/replica/centre.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

// Crockford's base 32: no letter that is mistaken for a digit.
constexpr char kAlphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr int kCodeGroups = 3;
constexpr int kCodeGroupLetters = 4;

absl::Status Damaged() {
  return Error(Reason::kStoreCorrupted,
               "a value of family grant is not readable");
}

}  // namespace

absl::StatusOr<EnrolmentCode> Centre::CreateCode(
    int role, absl::string_view name, int64_t valid_ms,
    std::optional<PersonId> person) {
  if (name.empty() || name.size() > kPersonNameBytesMax) {
    return Error(Reason::kMalformed, "a name has 1 to 200 bytes");
  }
  if (role <= 0) return Error(Reason::kMalformed, "a code needs a role");
  if (valid_ms == 0) valid_ms = kCodeValidMsDefault;
  if (valid_ms < 0 || valid_ms > kCodeValidMsMax) {
    return Error(Reason::kMalformed, "a code is valid for at most 30 days");
  }
  EnrolmentCode out;
  for (int i = 0; i < kCodeGroups * kCodeGroupLetters; ++i) {
    if (i > 0 && i % kCodeGroupLetters == 0) out.code.push_back('-');
    uint8_t byte = 0;
    random_->Fill(&byte, 1);
    out.code.push_back(kAlphabet[byte % 32]);
  }
  out.expires_ms = clock_->Now().wall_ms + valid_ms;
  out.person = person.has_value() ? *person : random_->Make<PersonId>();
  StoredCode stored{{role, std::string(name), out.expires_ms}, out.person, {}};
  VOUCH_RETURN_IF_ERROR(WriteGrants({{CodeKey(out.code), EncodeCode(stored)}}));
  return out;
}

absl::StatusOr<Member> Centre::Enrol(absl::string_view code,
                                     const PublicKey& device_key,
                                     const PublicKey& person_key) {
  std::string key = CodeKey(code);
  auto bytes = store_->Get(Family::kGrant, key);
  if (absl::IsNotFound(bytes.status())) {
    return Error(Reason::kCodeUnknown, "there is no such code");
  }
  if (!bytes.ok()) return bytes.status();
  VOUCH_ASSIGN_OR_RETURN(std::string plain,
                         keys_->OpenRow(Family::kGrant, key, *bytes));
  auto stored = DecodeCode(plain);
  if (!stored.has_value()) return Damaged();
  DeviceId device = DeviceIdOf(device_key);
  if (stored->used_by.has_value()) {
    if (*stored->used_by != device) {
      return Error(Reason::kCodeUsed, "the code was used by another tablet");
    }
    // The answer was lost on the way: the same tablet gets it again.
    VOUCH_ASSIGN_OR_RETURN(auto member, FindMember(device));
    if (!member.has_value() || member->person_key != person_key) {
      return Error(Reason::kCodeUsed, "the code was used with another key");
    }
    return *member;
  }
  int64_t now_ms = clock_->Now().wall_ms;
  if (now_ms > stored->row.expires_ms) {
    return Error(Reason::kCodeExpired, "the code has expired");
  }
  Member member{device,           device_key,       stored->person, person_key,
                stored->row.role, stored->row.name, now_ms,         false};
  stored->used_by = device;
  // The code is used up and the device certified in one write.
  VOUCH_RETURN_IF_ERROR(
      WriteGrants({{key, EncodeCode(*stored)},
                   {MemberKey(device), EncodeMember(member)},
                   {PersonKey(member.person), device.Bytes()}}));
  return member;
}

absl::StatusOr<std::optional<Member>> Centre::FindMember(
    const DeviceId& id) const {
  std::string key = MemberKey(id);
  auto bytes = store_->Get(Family::kGrant, key);
  if (absl::IsNotFound(bytes.status())) return std::optional<Member>();
  if (!bytes.ok()) return bytes.status();
  VOUCH_ASSIGN_OR_RETURN(std::string plain,
                         keys_->OpenRow(Family::kGrant, key, *bytes));
  auto member = DecodeMember(plain);
  if (!member.has_value()) return Damaged();
  return member;
}

absl::StatusOr<std::vector<Member>> Centre::ListMembers() const {
  std::vector<Member> out;
  bool damaged = false;
  VOUCH_RETURN_IF_ERROR(store_->Scan(
      Family::kGrant, "d", "e",
      [&](absl::string_view key, absl::string_view value) {
        auto plain = keys_->OpenRow(Family::kGrant, key, value);
        auto member = plain.ok() ? DecodeMember(*plain) : std::nullopt;
        damaged = !member.has_value();
        if (!damaged) out.push_back(*member);
        return !damaged;
      }));
  if (damaged) return Damaged();
  return out;
}

absl::StatusOr<std::vector<CodeRow>> Centre::ListCodes() const {
  std::vector<CodeRow> out;
  bool damaged = false;
  int64_t now_ms = clock_->Now().wall_ms;
  VOUCH_RETURN_IF_ERROR(
      store_->Scan(Family::kGrant, "c", "d",
                   [&](absl::string_view key, absl::string_view value) {
                     auto plain = keys_->OpenRow(Family::kGrant, key, value);
                     auto code = plain.ok() ? DecodeCode(*plain) : std::nullopt;
                     damaged = !code.has_value();
                     if (damaged) return false;
                     if (!code->used_by && now_ms <= code->row.expires_ms) {
                       out.push_back(code->row);
                     }
                     return true;
                   }));
  if (damaged) return Damaged();
  return out;
}

absl::StatusOr<AuthorFacts> Centre::FindAuthor(const DeviceId& device) const {
  // The centre itself, writing people and devices.
  if (device == centre_device_) {
    return AuthorFacts{*PersonId::FromBytes(centre_id_.view()),
                       centre_person_key_, kCentreRole};
  }
  VOUCH_ASSIGN_OR_RETURN(auto member, FindMember(device));
  if (!member.has_value()) {
    return Error(Reason::kNotFound, "the device is not enrolled here");
  }
  return AuthorFacts{member->person, member->person_key, member->role};
}

absl::StatusOr<AuthorFacts> Centre::FindPerson(const PersonId& person) const {
  VOUCH_ASSIGN_OR_RETURN(std::string device,
                         store_->Get(Family::kGrant, PersonKey(person)));
  auto id = DeviceId::FromBytes(device);
  if (!id.has_value()) return Damaged();
  return FindAuthor(*id);
}

absl::StatusOr<RecordView> Centre::FindRecord(const RecordId& record) const {
  VOUCH_ASSIGN_OR_RETURN(ScopeId scope, changes_.ScopeOf(*store_, record));
  return changes_.FoldStored(*store_, scope, record);
}

}  // namespace vouch
