#include "tests/bench/report.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace vouch::bench {
namespace {

std::string Number(double value) { return absl::StrFormat("%.6g", value); }
std::string NumberOrNull(std::optional<double> value) {
  return value.has_value() ? Number(*value) : "null";
}

// Names and words here are the benchmark's own and need no escaping.
std::string Quoted(const std::string& text) {
  return absl::StrCat("\"", text, "\"");
}

std::string NameOf(Target target) {
  switch (target) {
    case Target::kNone:
      return "";
    case Target::kRatioMin:
      return "ratio_min";
    case Target::kRatioMax:
      return "ratio_max";
    case Target::kValueMin:
      return "value_min";
    case Target::kValueMax:
      return "value_max";
  }
  return "";
}

std::string TargetWords(const Result& result) {
  switch (result.target_is) {
    case Target::kNone:
      return "";
    case Target::kRatioMin:
      return "ratio >= " + Number(result.target);
    case Target::kRatioMax:
      return "ratio <= " + Number(result.target);
    case Target::kValueMin:
      return ">= " + Number(result.target);
    case Target::kValueMax:
      return "<= " + Number(result.target);
  }
  return "";
}

std::string JsonOf(const Result& result) {
  const std::optional<bool> met = result.met();
  std::string out = absl::StrCat(
      "{\"name\":", Quoted(result.name), ",\"value\":", Number(result.value),
      ",\"unit\":", Quoted(result.unit),
      ",\"baseline\":", NumberOrNull(result.baseline),
      ",\"baseline_is\":", Quoted(result.baseline_is),
      ",\"ratio\":", NumberOrNull(result.ratio()), ",\"target\":",
      result.target_is == Target::kNone ? "null" : Number(result.target),
      ",\"target_is\":", Quoted(NameOf(result.target_is)),
      ",\"met\":", !met.has_value() ? "null" : (*met ? "true" : "false"),
      ",\"parameters\":{");
  const char* comma = "";
  for (const auto& [name, value] : result.parameters) {
    absl::StrAppend(&out, comma, Quoted(name), ":", Quoted(value));
    comma = ",";
  }
  return out + "}}";
}

std::string LineOf(const Result& result) {
  const std::optional<bool> met = result.met();
  std::string parameters;
  for (const auto& [name, value] : result.parameters) {
    absl::StrAppend(&parameters, " ", name, "=", value);
  }
  return absl::StrFormat(
      "%-28s %11s %-10s %11s %7s  %-14s %-6s%s%s", result.name,
      Number(result.value), result.unit,
      result.baseline.has_value() ? Number(*result.baseline) : "-",
      result.ratio().has_value() ? absl::StrFormat("%.2f", *result.ratio())
                                 : "-",
      TargetWords(result), !met.has_value() ? "" : (*met ? "met" : "MISSED"),
      parameters,
      result.baseline_is.empty() ? "" : " baseline: " + result.baseline_is);
}

}  // namespace

std::optional<double> Result::ratio() const {
  if (!baseline.has_value() || *baseline == 0) return std::nullopt;
  return value / *baseline;
}

std::optional<bool> Result::met() const {
  switch (target_is) {
    case Target::kNone:
      return std::nullopt;
    case Target::kRatioMin:
      return ratio().has_value() && *ratio() >= target;
    case Target::kRatioMax:
      return ratio().has_value() && *ratio() <= target;
    case Target::kValueMin:
      return value >= target;
    case Target::kValueMax:
      return value <= target;
  }
  return std::nullopt;
}

void Report::Add(const Result& result) {
  if (!json_ && !begun_) {
    std::puts(absl::StrFormat("%-28s %11s %-10s %11s %7s  %-14s", "name",
                              "value", "unit", "baseline", "ratio", "target")
                  .c_str());
  }
  begun_ = true;
  std::puts((json_ ? JsonOf(result) : LineOf(result)).c_str());
  std::fflush(stdout);
}

}  // namespace vouch::bench
