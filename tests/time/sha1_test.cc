#include "masterclock/time/internal/sha1.h"

#include <gtest/gtest.h>

#include <string>

namespace masterclock {
using namespace internal;
namespace {

using Hash = std::array<std::uint32_t, 5>;

// The examples of FIPS 180 and its test vectors.
static_assert(sha1("abc") == Hash{0xa9993e36, 0x4706816a, 0xba3e2571, 0x7850c26c, 0x9cd0d89d});
static_assert(sha1("") == Hash{0xda39a3ee, 0x5e6b4b0d, 0x3255bfef, 0x95601890, 0xafd80709});

TEST(Sha1, ManyBlocks) {
  EXPECT_EQ(sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            (Hash{0x84983e44, 0x1c3bd26e, 0xbaae4aa1, 0xf95129e5, 0xe54670f1}));
  EXPECT_EQ(sha1(std::string(1'000'000, 'a')),
            (Hash{0x34aa973c, 0xd4c4daa4, 0xf61eeb2b, 0xdbad2731, 0x6534016f}));
}

}  // namespace
}  // namespace masterclock
