// What a centre imported, read from the records of its reference scope.
#include "evidence/centre_catalogue.h"

#include <string>
#include <vector>

#include "evidence/acts.h"
#include "evidence/kinds.h"
#include "gmock/gmock.h"
#include "sync/base/status.h"
#include "tests/support/change_builder.h"
#include "tests/unit/specification_fixture.h"

namespace vouch {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class CentreCatalogueTest : public ::testing::Test {
 protected:
  static std::string FileOf(uint32_t version, const std::string& title) {
    v1::Specification data = Level2().data();
    data.set_version(version);
    data.set_title(title);
    return FormatSpecification(data);
  }
  static v1::SpecificationFile RecordOf(const std::string& file) {
    auto record = MakeSpecificationFile(file);
    EXPECT_TRUE(record.ok()) << record.status();
    return *record;
  }
  template <typename Record>
  test::RecordRef Starts(test::Notebook& note, const Record& record) {
    return note.Starts(record, test::IdOf<RecordId>("centre"));
  }
  CentreCatalogue Catalogue() { return CentreCatalogue(on_ada_.Views()); }

  test::Author ada_{"ada", v1::ROLE_ADMINISTRATOR};
  test::Author abe_{"abe", v1::ROLE_ADMINISTRATOR};
  test::Notebook on_ada_{&ada_}, on_abe_{&abe_};
};

TEST_F(CentreCatalogueTest, WithoutRecordsHasWhatIsBuiltIn) {
  EXPECT_EQ(Catalogue().files().List().size(),
            BuiltInCatalogue().List().size());
  EXPECT_TRUE(Catalogue().Find("03456", 0).ok());
  EXPECT_EQ(ReasonOf(Catalogue().Find("03455", 2).status()),
            Reason::kSpecificationUnknown);
}

TEST_F(CentreCatalogueTest, AnImportedVersionIsTheLatest) {
  Starts(on_ada_, RecordOf(FileOf(2, "Version two")));
  EXPECT_EQ(Catalogue().Find("03455", 0)->data().title(), "Version two");
  EXPECT_EQ(Catalogue().Find("03455", 1)->data().title(),
            Level2().data().title());
  EXPECT_THAT(Catalogue().faults(), IsEmpty());
}

TEST_F(CentreCatalogueTest, TheSameFileImportedApartIsOneRecord) {
  const auto a = Starts(on_ada_, RecordOf(FileOf(2, "Two")));
  const auto b = Starts(on_abe_, RecordOf(FileOf(2, "Two")));
  EXPECT_EQ(a.id, b.id);
  on_ada_.Learns(on_abe_);
  EXPECT_TRUE(Catalogue().Find("03455", 2).ok());
  EXPECT_THAT(Catalogue().faults(), IsEmpty());
}

TEST_F(CentreCatalogueTest,
       OfTwoFilesForOneVersionNeitherIsUsedUntilOneIsGone) {
  Starts(on_ada_, RecordOf(FileOf(2, "Ada's")));
  const auto other = Starts(on_abe_, RecordOf(FileOf(2, "Abe's")));
  on_ada_.Learns(on_abe_);
  EXPECT_FALSE(Catalogue().Find("03455", 2).ok());
  EXPECT_THAT(Catalogue().faults(), SizeIs(2));
  EXPECT_THAT(Catalogue().faults()[0].why, HasSubstr("discard one of them"));
  on_ada_.Does(other, DiscardRecord(on_ada_.View(other)));
  EXPECT_EQ(Catalogue().Find("03455", 2)->data().title(), "Ada's");
  EXPECT_THAT(Catalogue().faults(), IsEmpty());
}

TEST_F(CentreCatalogueTest, ABuiltInVersionNeverChanges) {
  Starts(on_ada_, RecordOf(FileOf(1, "Changed in place")));
  EXPECT_EQ(Catalogue().Find("03455", 1)->data().title(),
            Level2().data().title());
  EXPECT_THAT(
      Catalogue().faults(),
      ElementsAre(Field(&CatalogueFault::why, HasSubstr("next version"))));
}

TEST_F(CentreCatalogueTest, AFileIsTheOneThatItsRecordIsNamedBy) {
  v1::SpecificationFile forged = RecordOf(FileOf(2, "Named"));
  forged.set_file(FileOf(2, "Another"));
  Starts(on_ada_, forged);
  EXPECT_FALSE(Catalogue().Find("03455", 2).ok());
  EXPECT_THAT(Catalogue().faults(),
              ElementsAre(Field(&CatalogueFault::why, HasSubstr("its bytes"))));
}

TEST_F(CentreCatalogueTest, WhatIsLoadedForAUnitReachesEveryVersion) {
  Starts(on_ada_, RecordOf(FileOf(2, "Two")));
  auto loaded = ReadUnitContents(
      "unit,kind,number,text\nA10,outcome,1,x\nA10,criterion,1.1,y\n",
      Level2());
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const auto ref = Starts(on_ada_, loaded->front());
  for (const auto& [id, version] :
       {std::pair("03455", 1u), {"03455", 2u}, {"03456", 1u}}) {
    EXPECT_TRUE(
        Catalogue().Find(id, version)->FindUnit("A10")->criteria_known())
        << id << version;
  }
  on_ada_.Does(ref, DiscardRecord(on_ada_.View(ref)));
  EXPECT_FALSE(Catalogue().Find("03455", 1)->FindUnit("A10")->criteria_known());
}

TEST_F(CentreCatalogueTest, WhatWasLoadedApartIsUsedAndNamed) {
  for (const auto& [note, label] :
       {std::pair(&on_ada_, "Ada's"), {&on_abe_, "Abe's"}}) {
    auto loaded =
        ReadUnitContents(std::string("unit,kind,number,text\nA10,outcome,1,x\n"
                                     "A10,criterion,1.1,") +
                             label + "\n",
                         Level2());
    Starts(*note, loaded->front());
  }
  on_ada_.Learns(on_abe_);
  EXPECT_TRUE(Catalogue().Find("03455", 1)->FindUnit("A10")->criteria_known());
  EXPECT_THAT(
      Catalogue().faults(),
      ElementsAre(Field(&CatalogueFault::why, HasSubstr("needs a decision"))));
}

TEST_F(CentreCatalogueTest, RefusesToShareWhatIsNoSpecification) {
  EXPECT_EQ(ReasonOf(MakeSpecificationFile("{}").status()),
            Reason::kSpecificationInvalid);
  EXPECT_EQ(
      ReasonOf(
          MakeSpecificationFile(FileOf(2, std::string(2 << 20, 'x'))).status()),
      Reason::kTooLarge);
}

}  // namespace
}  // namespace vouch
