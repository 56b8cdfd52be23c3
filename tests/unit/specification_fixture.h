// Specifications for tests: the shipped Level 2, and changed copies of it.
#ifndef VOUCH_TESTS_UNIT_SPECIFICATION_FIXTURE_H_
#define VOUCH_TESTS_UNIT_SPECIFICATION_FIXTURE_H_

#include <string>

#include "evidence/catalogue.h"
#include "evidence/rules.h"
#include "evidence/specification_data.h"
#include "gtest/gtest.h"

namespace vouch {

inline const Specification& Shipped(const std::string& id) {
  return **BuiltInCatalogue().Find(id, 1);
}
inline const Specification& Level2() { return Shipped("03455"); }

inline Specification Made(const v1::Specification& data) {
  auto made = MakeSpecification(data);
  EXPECT_TRUE(made.ok()) << made.status();
  return *std::move(made);
}

// `specification` with its data changed by `change`.
template <typename Change>
Specification ChangedFrom(const Specification& specification, Change change) {
  v1::Specification data = specification.data();
  change(data);
  return Made(data);
}

inline v1::Unit& UnitIn(v1::Specification& data, const std::string& number) {
  for (v1::Unit& unit : *data.mutable_units()) {
    if (unit.number() == number) return unit;
  }
  ADD_FAILURE() << "no unit " << number;
  return *data.mutable_units(0);
}

inline RuleEvaluation RuleIn(const Evaluation& evaluation,
                             const std::string& id) {
  for (const RuleEvaluation& rule : evaluation.rules) {
    if (rule.id == id) return rule;
  }
  ADD_FAILURE() << "no rule " << id;
  return {};
}

}  // namespace vouch

#endif  // VOUCH_TESTS_UNIT_SPECIFICATION_FIXTURE_H_
