#include "evidence/completion.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "evidence/rules.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

// What is compared: credits first, then units. A sum of prices is the price of
// the sum, and no sum of kSpecificationUnitsMax units overflows.
using Price = uint64_t;
constexpr Price kNever = std::numeric_limits<Price>::max();
Price PriceOf(const v1::Unit& unit) { return Price{unit.credit()} << 16 | 1; }

// A unit that may be taken, and how far it helps.
struct Offered {
  const v1::Unit* unit = nullptr;
  uint32_t level_credits = 0;
  int theme = -1;  // position among the themes that still need units
};

// What is still needed once the mandatory units are there.
struct Need {
  uint32_t credits = 0;
  uint32_t level_credits = 0;
  std::vector<std::string> theme_names;
  std::vector<uint32_t> theme_units;
};

// The cheapest way from each state to the end, unit by unit from the last. A
// state is what is still needed, in mixed radix: credits, level credits, then
// units of each theme; more than enough is nothing needed.
class Table {
 public:
  explicit Table(const Need& need) {
    radix_.push_back(need.credits + size_t{1});
    radix_.push_back(need.level_credits + size_t{1});
    for (uint32_t units : need.theme_units) radix_.push_back(units + size_t{1});
  }

  // How many cells `units` units take; more than the limit if it is beyond.
  size_t CellsFor(size_t units) const {
    size_t cells = units + 1;
    for (size_t radix : radix_) {
      if (cells > kCompletionCellsMax / radix) return kCompletionCellsMax + 1;
      cells *= radix;
    }
    return cells;
  }

  void Fill(absl::Span<const Offered> units) {
    size_t states = 1;
    for (size_t radix : radix_) states *= radix;
    prices_.assign(units.size() + 1, std::vector<Price>(states, kNever));
    prices_.back()[0] = 0;
    for (size_t i = units.size(); i-- > 0;) {
      std::vector<size_t> digits(radix_.size(), 0);
      for (size_t state = 0; state < states; ++state) {
        const Price with = prices_[i + 1][After(digits, units[i])];
        const Price without = prices_[i + 1][state];
        prices_[i][state] =
            with == kNever ? without
                           : std::min(without, with + PriceOf(*units[i].unit));
        Advance(&digits);
      }
    }
  }

  bool reachable() const { return prices_.front().back() != kNever; }

  // The units of the cheapest way. Of equal ones the first in order: a unit is
  // taken wherever a cheapest way takes it.
  std::vector<const v1::Unit*> Way(absl::Span<const Offered> units) const {
    std::vector<const v1::Unit*> way;
    std::vector<size_t> digits;
    for (size_t radix : radix_) digits.push_back(radix - 1);
    for (size_t i = 0; i < units.size(); ++i) {
      const size_t state = StateOf(digits);
      if (state == 0) break;
      const size_t after = After(digits, units[i]);
      const Price with = prices_[i + 1][after];
      if (with == kNever ||
          with + PriceOf(*units[i].unit) != prices_[i][state]) {
        continue;
      }
      way.push_back(units[i].unit);
      digits = DigitsOf(after);
    }
    return way;
  }

 private:
  size_t StateOf(absl::Span<const size_t> digits) const {
    size_t state = 0;
    for (size_t d = digits.size(); d-- > 0;) {
      state = state * radix_[d] + digits[d];
    }
    return state;
  }
  std::vector<size_t> DigitsOf(size_t state) const {
    std::vector<size_t> digits;
    for (size_t radix : radix_) {
      digits.push_back(state % radix);
      state /= radix;
    }
    return digits;
  }
  void Advance(std::vector<size_t>* digits) const {
    for (size_t d = 0; d < digits->size(); ++d) {
      if (++(*digits)[d] < radix_[d]) return;
      (*digits)[d] = 0;
    }
  }
  // Where taking the unit leads.
  size_t After(absl::Span<const size_t> digits, const Offered& offered) const {
    size_t state = 0;
    for (size_t d = digits.size(); d-- > 0;) {
      size_t helps = d == 0   ? offered.unit->credit()
                     : d == 1 ? offered.level_credits
                              : offered.theme + 2 == static_cast<int>(d);
      helps = std::min(helps, digits[d]);
      state = state * radix_[d] + digits[d] - helps;
    }
    return state;
  }

  std::vector<size_t> radix_;
  std::vector<std::vector<Price>> prices_;
};

// One question.
class Search {
 public:
  Search(const Specification& specification,
         absl::Span<const std::string> unit_numbers)
      : specification_(specification),
        data_(specification.data()),
        chosen_(unit_numbers.begin(), unit_numbers.end()) {}

  absl::StatusOr<Completion> Run() {
    VOUCH_ASSIGN_OR_RETURN(const Evaluation before, Evaluated(chosen_));
    if (before.verdict == RuleResult::kMet) {
      out_.explanation = "Nothing is missing.";
      return out_;
    }
    for (const std::string& number : data_.mandatory_units().unit_numbers()) {
      if (chosen_.insert(number).second) forced_.insert(number);
    }
    NameUnknownMinima();
    VOUCH_ASSIGN_OR_RETURN(const Evaluation now, Evaluated(chosen_));
    ReadNeed(now);
    ReadOffers();
    if (minima_unknown_) return Undeterminable();
    Table table(need_);
    out_.cells = table.CellsFor(offers_.size());
    if (out_.cells > kCompletionCellsMax) {
      return Error(Reason::kTooLarge,
                   "the specification's numbers are too large for an exact "
                   "search on a device");
    }
    table.Fill(offers_);
    if (!table.reachable()) return Unreachable();
    return Found(before, table.Way(offers_));
  }

 private:
  absl::StatusOr<Evaluation> Evaluated(const std::set<std::string>& units) {
    return Evaluate(specification_,
                    std::vector<std::string>(units.begin(), units.end()));
  }

  // Without them no set of units is known to be enough.
  void NameUnknownMinima() {
    auto need = [this](bool known, absl::string_view what) {
      if (known) return;
      minima_unknown_ = true;
      out_.missing.emplace_back(what);
    };
    need(!data_.mandatory_units().unit_numbers().empty(),
         "the mandatory units");
    need(data_.total_credits().has_credits_min(), "the minimum of credits");
    if (data_.has_optional_credits()) {
      need(data_.optional_credits().has_credits_min(),
           "the minimum of optional credits");
    }
    if (data_.has_level_floor()) {
      need(data_.level_floor().has_credits_min(),
           "the minimum of credits at the level");
    }
    if (!data_.has_themes()) return;
    need(!data_.themes().themes().empty(), "the groups of optional units");
    for (const v1::Theme& theme : data_.themes().themes()) {
      need(theme.has_units_min(),
           absl::StrCat("the minimum of units from ", theme.name()));
    }
  }

  // Further units are optional ones: what is short in all and of optional
  // credits they bring at once.
  void ReadNeed(const Evaluation& now) {
    for (const RuleEvaluation& rule : now.rules) {
      if (rule.id == "total_credits" || rule.id == "optional_credits") {
        need_.credits = std::max(need_.credits, rule.shortfall.credits);
      } else if (rule.id == "level_floor") {
        need_.level_credits = rule.shortfall.credits;
      }
      if (rule.result != RuleResult::kMet && !minima_unknown_) {
        AddMissing(rule.missing);
      }
    }
    if (!data_.has_themes()) return;
    for (const v1::Theme& theme : data_.themes().themes()) {
      uint32_t have = 0;
      for (const v1::Unit& unit : data_.units()) {
        have += unit.has_theme() && unit.theme() == theme.name() &&
                chosen_.count(unit.number()) > 0;
      }
      if (have >= theme.units_min()) continue;
      need_.theme_names.push_back(theme.name());
      need_.theme_units.push_back(theme.units_min() - have);
    }
  }

  void ReadOffers() {
    for (const v1::Unit& unit : data_.units()) {
      if (chosen_.count(unit.number()) > 0) continue;
      std::vector<std::string> missing;
      if (!unit.has_credit()) {
        missing.push_back(absl::StrCat("credit of ", unit.number()));
      }
      if (data_.has_level_floor() && !unit.has_level()) {
        missing.push_back(absl::StrCat("level of ", unit.number()));
      }
      if (!missing.empty()) {
        out_.left_out.push_back(unit.number());
        AddMissing(missing);
        continue;
      }
      Offered offered{&unit};
      if (data_.has_level_floor() &&
          unit.level() == data_.level_floor().level()) {
        offered.level_credits = unit.credit();
      }
      const auto theme = std::find(need_.theme_names.begin(),
                                   need_.theme_names.end(), unit.theme());
      if (unit.has_theme() && theme != need_.theme_names.end()) {
        offered.theme = static_cast<int>(theme - need_.theme_names.begin());
      }
      offers_.push_back(offered);
    }
  }

  void AddMissing(const std::vector<std::string>& missing) {
    for (const std::string& datum : missing) {
      if (std::find(out_.missing.begin(), out_.missing.end(), datum) ==
          out_.missing.end()) {
        out_.missing.push_back(datum);
      }
    }
  }

  Completion Undeterminable() {
    out_.result = Completion::Result::kUndeterminable;
    out_.explanation =
        absl::StrCat("Which units would finish it is not known without ",
                     absl::StrJoin(out_.missing, ", "), ".");
    return out_;
  }

  absl::StatusOr<Completion> Unreachable() {
    std::set<std::string> all = chosen_;
    for (const v1::Unit& unit : data_.units()) all.insert(unit.number());
    VOUCH_ASSIGN_OR_RETURN(const Evaluation most, Evaluated(all));
    if (most.verdict != RuleResult::kNotMet) {
      out_.result = Completion::Result::kUndeterminable;
      out_.explanation = absl::StrCat(
          "Not with the units whose credit and level are known; not known of ",
          absl::StrJoin(out_.left_out, ", "), ".");
      return out_;
    }
    out_.result = Completion::Result::kImpossible;
    out_.missing.clear();
    std::vector<std::string> why;
    for (const RuleEvaluation& rule : most.rules) {
      if (rule.result == RuleResult::kNotMet) why.push_back(rule.explanation);
    }
    out_.explanation =
        absl::StrCat("Not even with every unit: ", absl::StrJoin(why, " "));
    return out_;
  }

  Completion Found(const Evaluation& before,
                   const std::vector<const v1::Unit*>& way) {
    out_.result = Completion::Result::kFound;
    bool exact = true;
    for (const RuleEvaluation& rule : before.rules) {
      if (rule.id != "mandatory_units") continue;
      out_.credits = rule.shortfall.credits;
      exact = rule.missing.empty();
      AddMissing(rule.missing);
    }
    std::set<std::string> taken = forced_;
    for (const v1::Unit* unit : way) {
      taken.insert(unit->number());
      out_.credits += unit->credit();
    }
    for (const v1::Unit& unit : data_.units()) {
      if (taken.count(unit.number()) > 0) out_.units.push_back(unit.number());
    }
    out_.explanation = absl::StrCat(
        absl::StrJoin(out_.units, ", "), exact ? ": " : ": up to ",
        out_.credits, out_.credits == 1 ? " credit." : " credits.");
    if (!out_.left_out.empty()) {
      absl::StrAppend(&out_.explanation,
                      " Not searched, since credit or level are not known: ",
                      absl::StrJoin(out_.left_out, ", "), ".");
    }
    return out_;
  }

  const Specification& specification_;
  const v1::Specification& data_;
  std::set<std::string> chosen_;  // and, from then on, the mandatory units
  std::set<std::string> forced_;
  bool minima_unknown_ = false;
  Need need_;
  std::vector<Offered> offers_;
  Completion out_;
};

absl::string_view ResultName(Completion::Result result) {
  switch (result) {
    case Completion::Result::kComplete:
      return "complete";
    case Completion::Result::kFound:
      return "found";
    case Completion::Result::kImpossible:
      return "impossible";
    case Completion::Result::kUndeterminable:
      break;
  }
  return "undeterminable";
}

}  // namespace

absl::StatusOr<Completion> FindCompletion(
    const Specification& specification,
    absl::Span<const std::string> unit_numbers) {
  return Search(specification, unit_numbers).Run();
}

v1::Completion ToProto(const Completion& completion) {
  v1::Completion out;
  out.set_result(std::string(ResultName(completion.result)));
  out.mutable_units()->Assign(completion.units.begin(), completion.units.end());
  out.set_credits(completion.credits);
  out.mutable_left_out()->Assign(completion.left_out.begin(),
                                 completion.left_out.end());
  out.mutable_missing()->Assign(completion.missing.begin(),
                                completion.missing.end());
  out.set_explanation(completion.explanation);
  return out;
}

}  // namespace vouch
