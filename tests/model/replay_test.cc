// Paths of the model checker, pinned: what `vouch-model` prints at a violation
// goes here, and stays.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/model/bugs.h"
#include "tests/model/search.h"

namespace vouch::model {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

Options With(const std::string& name) {
  Options options;
  for (const Bug& bug : Bugs()) {
    if (bug.name == name) options.seams = bug.plant();
  }
  return options;
}

// A saves, and the centre is about to commit it.
void PushFromA(Replay* run) {
  run->Do("A sets record 0 to 'a1'");
  run->Do("A opens a session");
  run->Do("centre looks up for A");
  run->Do("centre hears Push of A");
}

TEST(ModelReplay, WhatIsSentAgainAfterALostAnswerIsStoredOnce) {
  Replay run("edit-apart");
  PushFromA(&run);
  run.Do("centre commits for A; the answer and link are lost");
  run.ComeToRest();
  EXPECT_EQ(run.violation(), "");
}

TEST(ModelReplay, ATabletThatDoesNotSendAgainIsFound) {
  Replay run("edit-apart", With("no-resend"));
  run.Do("A sets record 0 to 'a1'");
  run.Do("A opens a session");
  run.Do("A sets record 0 to 'a2'");
  run.Do("centre looks up for A; the answer arrives twice");
  EXPECT_EQ(run.violation(), "");
  run.Do("A opens a session");
  run.Do("centre looks up for A");
  run.Do("centre hears Push of A");
  run.Do("centre commits for A");
  EXPECT_THAT(run.violation(), HasSubstr("invariant 12"));
}

TEST(ModelReplay, AnAcknowledgementBeforeTheDiskHasItIsFound) {
  Replay run("edit-apart", With("ack-before-commit"));
  PushFromA(&run);
  EXPECT_EQ(run.violation(), "");
  run.Do("centre commits for A");
  run.Do("A applies an Ack");
  EXPECT_THAT(run.violation(), HasSubstr("a crash would take it"));
}

TEST(ModelReplay, AnUnknownStepIsNoSilentSuccess) {
  Replay run("edit-apart");
  run.Do("A does what nobody can");
  EXPECT_THAT(run.violation(), HasSubstr("is no step here"));
}

// What a step costs in states must not depend on how often it is taken.
TEST(ModelSearch, TwoSearchesOfOneScriptAreAlike) {
  Options options;
  options.faults = kCrashes;
  const Script* script = FindScript("verdicts-apart");
  ASSERT_NE(script, nullptr);
  Found once = Search(*script, options, 3000);
  Found again = Search(*script, options, 3000);
  EXPECT_EQ(once.states, again.states);
  EXPECT_EQ(once.transitions, again.transitions);
  EXPECT_THAT(once.path, IsEmpty());
}

}  // namespace
}  // namespace vouch::model
