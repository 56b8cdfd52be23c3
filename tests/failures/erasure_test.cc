// Case 55: content that must go, out of a log that only grows.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/failures/failures_fixture.h"

namespace vouch {
namespace {

class Erasure : public Failures {
 protected:
  // As the centre's administrator does it.
  void Erase(const Id& record) {
    const ToolRun erased =
        RunServerTool({"erase", FormatId(record), "--data", config_.data});
    ASSERT_EQ(0, erased.code) << erased.out;
    EXPECT_TRUE(absl::StrContains(erased.out, "is gone")) << erased.out;
  }

  // Who did what to it and when can be told; what it said cannot.
  static void ExpectErased(const Tablet& tablet, const Id& id,
                           const std::string& state, size_t acts) {
    SCOPED_TRACE(absl::StrCat(tablet.name, ": ", state));
    EXPECT_EQ(state, State(tablet, id));
    EXPECT_EQ(acts, tablet->Get(id)->acts.size());
    const auto left = Read<v1::Observation>(tablet, id);
    EXPECT_EQ("", left.candidate());
    EXPECT_EQ("", left.venue());
    for (const auto& paragraph : left.narrative()) {
      EXPECT_EQ("", paragraph.text());
    }
  }
};

TEST_F(Erasure, Case55_ErasedContentIsReadNowhereAndAllElseStaysProvable) {
  StartCentre();
  Tablet& ann = AddTablet(v1::ROLE_ASSESSOR, "Ann");
  Tablet& ben = AddTablet(v1::ROLE_ASSESSOR, "Ben");
  const Id registration = Register(ann);
  const Id draft = Observe(ann, registration);
  const Id sealed = Observe(ann, registration);
  EXPECT_OK(ann->Sign(sealed));
  const Id kept = Observe(ann, registration);
  SyncAll({&ann, &ben});
  CopyTablet(ben);
  // Ben, who is offline, writes more of it while it is erased.
  SetVenue(ben, draft, "Ward 7");
  EXPECT_OK(ben->Countersign(sealed));
  const Id other = Observe(ben, registration);
  Erase(draft);
  Erase(sealed);
  Tablet& cy = AddTablet(v1::ROLE_ASSESSOR, "Cy");
  SyncAll({&ann, &ben, &cy});
  for (Tablet* tablet : {&ann, &ben, &cy}) {
    ExpectErased(*tablet, draft, "draft", 1);
    ExpectErased(*tablet, sealed, "signed and locked", 3);
    EXPECT_EQ("Front office", Venue(*tablet, kept)) << tablet->name;
    EXPECT_EQ("Front office", Venue(*tablet, other)) << tablet->name;
    EXPECT_TRUE((*tablet)->HeldChanges()->empty());
  }
  ExpectInStep({&ann, &ben, &cy});
  // A copy of a tablet that holds it still erases it too, and brings none back.
  PutTabletBack(ben);
  EXPECT_EQ("Front office", Venue(ben, draft));
  Sync(ben);
  Sync(cy);
  for (Tablet* tablet : {&ben, &cy}) {
    ExpectErased(*tablet, draft, "draft", 1);
    ExpectErased(*tablet, sealed, "signed and locked", 3);
  }
  ExpectInStep({&ann, &ben, &cy});
}

}  // namespace
}  // namespace vouch
