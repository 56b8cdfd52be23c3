// The verbs of `vouch`, grouped by what people do; main.cc adds them all. Each
// function gives the shell verbs that live as long as it.
#ifndef VOUCH_CLIENT_LIB_CLI_VERBS_H_
#define VOUCH_CLIENT_LIB_CLI_VERBS_H_

#include "client-lib/cli/shell.h"

namespace vouch::cli {

void AddTabletVerbs(Shell* shell);  // enrol, people, status, store export
void AddSyncVerbs(Shell* shell);    // sync, ledger
void AddRecordVerbs(Shell* shell, CLI::App* record);  // new, edit, amend
void AddActVerbs(Shell* shell, CLI::App* record);     // sign, withdraw, …
void AddReadVerbs(Shell* shell, CLI::App* record);    // show, list
void AddAssessmentVerbs(Shell* shell);                // refer, judge, decide
void AddConflictVerbs(Shell* shell);                  // conflicts, held
void AddPortfolioVerbs(Shell* shell);                 // portfolio
void AddRulesVerbs(Shell* shell);                     // rules
// spec list, show, diff, lint, contradictions; import, move
void AddSpecificationVerbs(Shell* shell);
void AddSpecificationActs(Shell* shell, CLI::App* spec);

}  // namespace vouch::cli

#endif  // VOUCH_CLIENT_LIB_CLI_VERBS_H_
