// Reading: records, lists, standing, the portfolio.
#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client-lib/src/client_impl.h"
#include "client-lib/src/describe.h"
#include "client-lib/src/local_judge.h"
#include "client-lib/src/record_filter.h"
#include "evidence/editing.h"
#include "evidence/portfolio.h"
#include "evidence/possible_duplicates.h"
#include "storage/replica/keys.h"
#include "sync/base/hash.h"

namespace vouch {
namespace {

constexpr uint8_t kPageTokenVersion = 1;
constexpr size_t kQueryDigestBytes = 8;

// What the token's query must be equal in.
std::string DigestOf(const RecordQuery& query) {
  ByteWriter out;
  out.Prefixed(query.kind).Prefixed(query.registration).Prefixed(query.state);
  out.Prefixed(query.text).U64(static_cast<uint64_t>(query.from_ms));
  out.U64(static_cast<uint64_t>(query.to_ms));
  return HashOf("vouch.page.v1", {out.bytes()})
      .Bytes()
      .substr(0, kQueryDigestBytes);
}

std::string TokenAfter(const RecordQuery& query, const RecordSummaryRow& row) {
  ByteWriter out;
  out.U8(kPageTokenVersion).Raw(DigestOf(query));
  out.Raw(RecordStateKey(row.scope, row.record));
  return absl::WebSafeBase64Escape(out.bytes());
}

// The key that the page begins at; empty for the first.
absl::StatusOr<std::string> BeginOf(const RecordQuery& query) {
  if (query.page_token.empty()) return std::string();
  std::string bytes;
  bool decoded = absl::WebSafeBase64Unescape(query.page_token, &bytes);
  ByteReader in(bytes);
  bool known = decoded && in.U8() == kPageTokenVersion &&
               in.Raw(kQueryDigestBytes) == DigestOf(query);
  if (!known || in.rest().size() != ScopeId::kSize + RecordId::kSize) {
    return Error(Reason::kPageTokenInvalid,
                 "this page token was not made by this query");
  }
  return absl::StrCat(in.rest(), absl::string_view("\0", 1));
}

PossibleDuplicate Describe(const DuplicatePair& pair, const Id& registration) {
  return {
      pair.first.Bytes(), pair.second.Bytes(), registration,
      pair.likeness_percent,
      absl::StrCat(pair.likeness_percent == 100 ? "says the same as "
                                                : "says nearly the same as ",
                   FormatId(pair.first.Bytes()),
                   " of the same author: if it is the same work typed "
                   "twice, discard or withdraw one of them")};
}

}  // namespace

absl::StatusOr<Record> Client::Get(const Id& id) const {
  VOUCH_ASSIGN_OR_RETURN(RecordId record, Impl::RecordIdFrom(id));
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  const ChangeStore& changes = impl_->device->changes();
  VOUCH_ASSIGN_OR_RETURN(ScopeId scope, changes.ScopeOf(*impl_->store, record));
  std::optional<RecordSummaryRow> found;
  VOUCH_RETURN_IF_ERROR(
      changes.ScanSummaries(*impl_->store, RecordStateKey(scope, record), "",
                            [&found](const RecordSummaryRow& row) {
                              found = row;
                              return false;
                            }));
  if (!found.has_value() || found->record != record) {
    return Error(Reason::kNotFound, "there is no such record here");
  }
  return impl_->Describe(*found);
}

absl::StatusOr<RecordPage> Client::Query(const RecordQuery& query) const {
  VOUCH_ASSIGN_OR_RETURN(RecordFilter filter, RecordFilter::Make(query));
  VOUCH_ASSIGN_OR_RETURN(std::string begin, BeginOf(query));
  const size_t size_max = static_cast<size_t>(query.page_size);
  RecordPage page;
  std::optional<RecordSummaryRow> last;
  int looks = 0;
  bool more = false;
  absl::Status failed;
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  auto look = [&](const RecordSummaryRow& row) {
    if (page.records.size() == size_max || looks >= kQueryLooksMax) {
      more = true;
      return false;
    }
    auto matches = filter.Matches(row, [&] {
      ++looks;
      return impl_->device->changes().FoldStored(*impl_->store, row.scope,
                                                 row.record);
    });
    failed = matches.status();
    if (!failed.ok()) return false;
    if (*matches)
      page.records.push_back(DescribeSummary(row, impl_->device->membership()));
    last = row;
    return true;
  };
  for (const std::string& prefix : filter.prefixes()) {
    if (more) break;
    VOUCH_RETURN_IF_ERROR(impl_->device->changes().ScanSummaries(
        *impl_->store, std::max(begin, prefix), PrefixEnd(prefix), look));
    VOUCH_RETURN_IF_ERROR(failed);
  }
  if (more) page.next_page_token = TokenAfter(query, *last);
  return page;
}

absl::StatusOr<std::unique_ptr<LiveQuery>> Client::Watch(
    const RecordQuery& query, RecordsChanged changed) {
  VOUCH_ASSIGN_OR_RETURN(RecordFilter filter, RecordFilter::Make(query));
  TellAfter tell(impl_.get());
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  return std::make_unique<LiveQuery>(
      impl_->live.Add(std::move(filter), std::move(changed)));
}

absl::StatusOr<std::vector<Record>> Client::Registrations() const {
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  VOUCH_ASSIGN_OR_RETURN(auto rows,
                         impl_->Rows([](const RecordSummaryRow& row) {
                           return row.kind == kRegistrationKind;
                         }));
  std::vector<Record> out;
  for (const RecordSummaryRow& row : rows) {
    VOUCH_ASSIGN_OR_RETURN(Record record, impl_->Describe(row));
    out.push_back(std::move(record));
  }
  return out;
}

absl::StatusOr<std::vector<v1::Person>> Client::People() const {
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  VOUCH_ASSIGN_OR_RETURN(auto views,
                         impl_->Views([](const RecordSummaryRow& row) {
                           return row.kind == kPersonKind;
                         }));
  std::vector<v1::Person> people;
  for (const RecordView& view : views) {
    auto person = ParseRecordAs<v1::Person>(view);
    if (person != nullptr) people.push_back(*std::move(person));
  }
  return people;
}

absl::StatusOr<SafetyState> Client::Safety(const Id& record) const {
  VOUCH_ASSIGN_OR_RETURN(RecordId id, Impl::RecordIdFrom(record));
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  VOUCH_ASSIGN_OR_RETURN(vouch::Safety safety, impl_->device->SafetyOf(id));
  return static_cast<SafetyState>(safety);
}

absl::StatusOr<PortfolioSafety> Client::SafetyOfPortfolio(
    const Id& registration) const {
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  VOUCH_RETURN_IF_ERROR(impl_->Load(registration, BaseToken()).status());
  VOUCH_ASSIGN_OR_RETURN(auto rows, impl_->Rows([&](const auto& row) {
    return RegistrationIdOf(row.scope) == registration;
  }));
  PortfolioSafety out;
  for (const RecordSummaryRow& row : rows) {
    VOUCH_ASSIGN_OR_RETURN(vouch::Safety safety,
                           impl_->device->SafetyOf(row.record));
    const auto state = static_cast<SafetyState>(safety);
    out.least = std::min(out.least, state);
    ++(state == SafetyState::kOnThisTablet  ? out.on_this_tablet
       : state == SafetyState::kAtTheCentre ? out.at_the_centre
                                            : out.safe);
  }
  return out;
}

std::string Client::SafeUnavailable() const {
  Impl::Access access(impl_.get());
  if (!access.status().ok()) return "unknown: the store is in use";
  if (impl_->device->stable_head().has_value()) return "";
  return "unavailable: no backup configured";
}

absl::StatusOr<LedgerNumbers> Client::Ledger() const {
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  return impl_->LedgerNow();
}

absl::StatusOr<std::vector<ScopeHash>> Client::StateHashes() const {
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  VOUCH_ASSIGN_OR_RETURN(auto states, impl_->device->ScopeStates());
  std::vector<ScopeHash> out;
  for (const auto& [scope, hash] : states) {
    out.push_back(
        {scope.Bytes(), RegistrationIdOf(scope), ScopeName(scope), hash.Hex()});
  }
  return out;
}

absl::StatusOr<std::vector<Warning>> Client::Warnings() const {
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  VOUCH_ASSIGN_OR_RETURN(auto foreseen,
                         ForeseeHeld(*impl_->device, *impl_->store));
  std::vector<Warning> out;
  for (const Foreseen& item : foreseen) {
    out.push_back({item.record.Bytes(), item.change.Hex(),
                   ErrorReasonOf(item.verdict),
                   std::string(item.verdict.message())});
  }
  return out;
}

absl::StatusOr<std::vector<PossibleDuplicate>> Client::PossibleDuplicates(
    const Id& registration) const {
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  std::set<Id> registrations;
  if (!registration.empty()) {
    VOUCH_RETURN_IF_ERROR(impl_->Load(registration, BaseToken()).status());
    registrations.insert(registration);
  } else {
    VOUCH_ASSIGN_OR_RETURN(auto rows, impl_->Rows([](const auto& row) {
      return row.kind == kRegistrationKind;
    }));
    for (const RecordSummaryRow& row : rows) {
      registrations.insert(row.record.Bytes());
    }
  }
  std::vector<PossibleDuplicate> out;
  for (const Id& id : registrations) {
    VOUCH_ASSIGN_OR_RETURN(auto views,
                           impl_->Views([&id](const RecordSummaryRow& row) {
                             return RegistrationIdOf(row.scope) == id;
                           }));
    for (const DuplicatePair& pair : FindPossibleDuplicates(views).pairs) {
      out.push_back(Describe(pair, id));
    }
  }
  return out;
}

absl::StatusOr<v1::Portfolio> Client::Portfolio(const Id& id) const {
  Impl::Access access(impl_.get());
  VOUCH_RETURN_IF_ERROR(access.status());
  VOUCH_ASSIGN_OR_RETURN(Shown shown, impl_->Load(id, BaseToken()));
  auto message = ParseRecordAs<v1::Registration>(shown.view);
  if (message == nullptr) {
    return Error(Reason::kNotFound, "this record is no registration");
  }
  VOUCH_ASSIGN_OR_RETURN(const CentreCatalogue* catalogue, impl_->Catalogue());
  VOUCH_ASSIGN_OR_RETURN(Specification specification,
                         catalogue->Find(message->specification(),
                                         message->specification_version()));
  VOUCH_ASSIGN_OR_RETURN(vouch::Portfolio portfolio,
                         impl_->PortfolioUnder(specification, shown.view));
  return ToProto(portfolio);
}

}  // namespace vouch
