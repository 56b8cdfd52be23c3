// How answers of the rules engine look on a terminal. One thread.
#ifndef VOUCH_CLIENT_LIB_CLI_RULES_WORDS_H_
#define VOUCH_CLIENT_LIB_CLI_RULES_WORDS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "vouch/v1/rules.pb.h"

namespace vouch::cli {

// "needs a decision": the words people see for states of coverage and results
// of rules.
std::string StateWords(absl::string_view state);

// A line for each rule, and for each credit transfer.
void PrintEvaluation(const v1::RulesEvaluation& evaluation);
// "Cheapest completion: A10, B2: 10 credits."
void PrintCompletion(const v1::Completion& completion);

}  // namespace vouch::cli

#endif  // VOUCH_CLIENT_LIB_CLI_RULES_WORDS_H_
