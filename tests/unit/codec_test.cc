// The byte codec: one encoding for each value, and no read past the end.
#include "sync/base/codec.h"

#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace vouch {
namespace {

std::string Hex(absl::string_view hex) { return absl::HexStringToBytes(hex); }

TEST(Codec, VarintsRoundTripInTheirShortestForm) {
  const std::pair<uint64_t, const char*> cases[] = {
      {0, "00"},
      {1, "01"},
      {127, "7f"},
      {128, "8001"},
      {300, "ac02"},
      {16383, "ff7f"},
      {16384, "808001"},
      {UINT32_MAX, "ffffffff0f"},
      {uint64_t{1} << 63, "80808080808080808001"},
      {UINT64_MAX, "ffffffffffffffffff01"},
  };
  for (const auto& [value, hex] : cases) {
    EXPECT_EQ(ByteWriter().Varint(value).Take(), Hex(hex)) << value;
    std::string bytes = Hex(hex);
    ByteReader in(bytes);
    EXPECT_EQ(in.Varint(), value);
    EXPECT_TRUE(in.Done()) << hex;
  }
}

TEST(Codec, LongerFormsOfAVarintAreRefused) {
  for (const char* hex : {"8000", "8100", "808000", "ff00",
                          "ffffffffffffffffff00", "80808080808080808000"}) {
    std::string bytes = Hex(hex);
    ByteReader in(bytes);
    in.Varint();
    EXPECT_FALSE(in.ok()) << hex;
  }
}

TEST(Codec, VarintsOfMoreThan64BitsAreRefused) {
  for (const char* hex :
       {"ffffffffffffffffff02", "ffffffffffffffffff7f",
        "8080808080808080808001", "ffffffffffffffffffffff01"}) {
    std::string bytes = Hex(hex);
    ByteReader in(bytes);
    in.Varint();
    EXPECT_FALSE(in.ok()) << hex;
  }
}

TEST(Codec, TruncatedVarintsAreRefused) {
  for (const char* hex : {"", "80", "ffffffffffffffffff"}) {
    std::string bytes = Hex(hex);
    ByteReader in(bytes);
    in.Varint();
    EXPECT_FALSE(in.ok()) << hex;
  }
}

TEST(Codec, SignedVarintsZigZag) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const std::pair<int64_t, const char*> cases[] = {
      {0, "00"},
      {-1, "01"},
      {1, "02"},
      {-2, "03"},
      {63, "7e"},
      {-64, "7f"},
      {64, "8001"},
      {kMax, "feffffffffffffffff01"},
      {kMin, "ffffffffffffffffff01"},
  };
  for (const auto& [value, hex] : cases) {
    EXPECT_EQ(ByteWriter().SVarint(value).Take(), Hex(hex)) << value;
    std::string bytes = Hex(hex);
    ByteReader in(bytes);
    EXPECT_EQ(in.SVarint(), value);
    EXPECT_TRUE(in.Done());
  }
}

TEST(Codec, FixedIntegersAreBigEndian) {
  EXPECT_EQ(ByteWriter().U64(0x0102030405060708).Take(),
            Hex("0102030405060708"));
  std::string bytes = Hex("0102030405060708");
  EXPECT_EQ(ByteReader(bytes).U64(), 0x0102030405060708u);
}

TEST(Codec, PrefixedBytesEndWhereTheySay) {
  std::string bytes = ByteWriter().Prefixed("abc").Prefixed("").Take();
  ByteReader in(bytes);
  EXPECT_EQ(in.Prefixed(), "abc");
  EXPECT_EQ(in.Prefixed(), "");
  EXPECT_TRUE(in.Done());
  // A length beyond the end, the greatest one among them.
  for (const char* hex : {"04616263", "ffffffffffffffffff01616263"}) {
    std::string longer = Hex(hex);
    ByteReader reader(longer);
    EXPECT_EQ(reader.Prefixed(), "");
    EXPECT_FALSE(reader.ok()) << hex;
  }
}

TEST(Codec, ACountThatTheRestCannotHoldIsRefused) {
  std::string bytes = Hex("03") + std::string(64, 'x');
  EXPECT_EQ(ByteReader(bytes).Count(21, 10), 3u);
  EXPECT_EQ(ByteReader(bytes).Count(22, 10), 0u);
  EXPECT_EQ(ByteReader(bytes).Count(1, 2), 0u) << "above the limit";
  // 2^64 - 1 items of 32 bytes: the product overflows.
  std::string many = Hex("ffffffffffffffffff01") + std::string(64, 'x');
  ByteReader in(many);
  EXPECT_EQ(in.Count(32, SIZE_MAX / 64), 0u);
  EXPECT_FALSE(in.ok());
}

TEST(Codec, AfterAFailureEveryReadIsEmpty) {
  std::string bytes = "abc";
  ByteReader in(bytes);
  in.Raw(4);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.U8(), 0);
  EXPECT_EQ(in.U64(), 0u);
  EXPECT_EQ(in.Varint(), 0u);
  EXPECT_EQ(in.Prefixed(), "");
  EXPECT_TRUE(in.Fixed<Hash>().IsZero());
  EXPECT_FALSE(in.Done());
}

TEST(Codec, IdsComeOnlyFromBytesOfTheirSize) {
  EXPECT_TRUE(DeviceId::FromBytes(std::string(16, 'x')).has_value());
  EXPECT_FALSE(DeviceId::FromBytes(std::string(15, 'x')).has_value());
  EXPECT_FALSE(DeviceId::FromBytes(std::string(17, 'x')).has_value());
  EXPECT_FALSE(DeviceId::FromHex(std::string(31, 'a')).has_value());
  EXPECT_FALSE(DeviceId::FromHex(std::string(32, 'g')).has_value());
  DeviceId id = *DeviceId::FromHex("000102030405060708090a0b0c0d0e0f");
  EXPECT_EQ(id.Hex(), "000102030405060708090a0b0c0d0e0f");
}

}  // namespace
}  // namespace vouch
