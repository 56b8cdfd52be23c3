// `vouch`: a tablet on the command line.
#include <clocale>

#include "client-lib/cli/shell.h"
#include "client-lib/cli/verbs.h"

int main(int argc, char** argv) {
  // Only for how wide characters are; everything is UTF-8, whatever the
  // terminal's locale says.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  vouch::cli::Shell shell;
  vouch::cli::AddTabletVerbs(&shell);
  CLI::App* record = shell.Group(
      "record", "Records: registrations, observations, statements, …");
  vouch::cli::AddRecordVerbs(&shell, record);
  vouch::cli::AddActVerbs(&shell, record);
  vouch::cli::AddReadVerbs(&shell, record);
  vouch::cli::AddAssessmentVerbs(&shell);
  vouch::cli::AddConflictVerbs(&shell);
  vouch::cli::AddPortfolioVerbs(&shell);
  vouch::cli::AddRulesVerbs(&shell);
  vouch::cli::AddSpecificationVerbs(&shell);
  vouch::cli::AddSyncVerbs(&shell);
  return shell.Main(argc, argv);
}
