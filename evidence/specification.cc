#include "evidence/specification.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "evidence/json_lines.h"
#include "evidence/specification_check.h"
#include "google/protobuf/util/json_util.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

// Protobuf says "(units[3]) colour: Cannot find field." or
// "(units[3].credit): invalid value …": adds the line that the part in front
// speaks of.
absl::Status WithLine(absl::string_view message, const JsonLines& lines) {
  std::string path;
  const size_t open = message.find('(');
  const size_t close = message.find(')');
  if (open == 0 && close != absl::string_view::npos) {
    path = std::string(message.substr(1, close - 1));
    message.remove_prefix(close + 1);
    while (!message.empty() && (message[0] == ' ' || message[0] == ':')) {
      message.remove_prefix(1);
    }
  }
  constexpr absl::string_view kUnknownKey = ": Cannot find field.";
  const size_t unknown = message.find(kUnknownKey);
  if (unknown != absl::string_view::npos) {
    const absl::string_view key = message.substr(0, unknown);
    const std::string whole =
        path.empty() ? std::string(key) : absl::StrCat(path, ".", key);
    return Error(
        Reason::kSpecificationInvalid,
        absl::StrCat("line ", lines.LineOf(whole), ": unknown key \"", key,
                     "\"", path.empty() ? "" : " in ", lines.OwnerOf(path)));
  }
  std::string where = lines.OwnerOf(path);
  if (where != path) {
    absl::StrAppend(&where, ": ", path.substr(path.rfind('.') + 1));
  }
  return Error(Reason::kSpecificationInvalid,
               absl::StrCat("line ", lines.LineOf(path), ": ", where,
                            where.empty() ? "" : ": ", message));
}

}  // namespace

absl::StatusOr<Specification> ParseSpecification(absl::string_view json) {
  if (json.size() > kSpecificationBytesMax) {
    return Error(
        Reason::kTooLarge,
        absl::StrCat("a specification file may have ", kSpecificationBytesMax,
                     " bytes, this has ", json.size()));
  }
  VOUCH_ASSIGN_OR_RETURN(const JsonLines lines, JsonLines::Scan(json));
  v1::Specification data;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = false;
  const auto parsed = google::protobuf::util::JsonStringToMessage(
      std::string(json), &data, options);
  if (!parsed.ok()) {
    const auto message = parsed.message();
    return WithLine({message.data(), message.size()}, lines);
  }
  VOUCH_RETURN_IF_ERROR(CheckSpecification(data, lines));
  return Specification(std::move(data));
}

Specification::Specification(v1::Specification data) : data_(std::move(data)) {
  for (int i = 0; i < data_.units_size(); ++i) {
    const v1::Unit& unit = data_.units(i);
    by_number_.emplace(unit.number(), i);
    if (unit.has_accreditation_number()) {
      by_accreditation_number_.emplace(unit.accreditation_number(), i);
    }
  }
}

const v1::Unit* Specification::FindUnit(absl::string_view number) const {
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? nullptr : &data_.units(found->second);
}

const v1::Unit* Specification::FindUnitByAccreditationNumber(
    absl::string_view accreditation_number) const {
  const auto found = by_accreditation_number_.find(accreditation_number);
  return found == by_accreditation_number_.end() ? nullptr
                                                 : &data_.units(found->second);
}

std::optional<int> Specification::PositionOf(absl::string_view number) const {
  const auto found = by_number_.find(number);
  if (found == by_number_.end()) return std::nullopt;
  return found->second;
}

bool Specification::IsMandatory(absl::string_view number) const {
  const auto& numbers = data_.mandatory_units().unit_numbers();
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

std::optional<bool> Specification::AllowsSimulation(
    absl::string_view number) const {
  if (!data_.has_simulation()) return std::nullopt;
  const auto& numbers = data_.simulation().unit_numbers();
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

std::optional<bool> Specification::AllowsMethod(
    v1::AssessmentMethod method) const {
  if (!data_.has_methods()) return std::nullopt;
  const auto& methods = data_.methods().methods();
  return std::find(methods.begin(), methods.end(), method) != methods.end();
}

}  // namespace vouch
