#include "xmltv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "masterclock/time/rfc3339.h"

namespace on_air::xmltv_test {
namespace {

using masterclock::parse_rfc3339;
using masterclock::to_rfc3339;
using masterclock::UtcTime;
using ::testing::HasSubstr;

std::string message_of(const absl::Status& status) { return std::string(status.message()); }

TEST(ParseXmltvTime, ReadsWhatTheFormatAllows) {
  const struct {
    const char* text;
    const char* expected;
  } cases[] = {
      {"20260329013000", "2026-03-29T01:30:00Z"},
      {"20260329013000 +0000", "2026-03-29T01:30:00Z"},
      {"20260329013000 +0100", "2026-03-29T00:30:00Z"},
      {"20260329013000 +01:00", "2026-03-29T00:30:00Z"},
      {"20260329013000+0100", "2026-03-29T00:30:00Z"},
      {"20260329013000 \t -0330", "2026-03-29T05:00:00Z"},
      {"20260329013000 ", "2026-03-29T01:30:00Z"},
      {"20260329013000 Z", "2026-03-29T01:30:00Z"},
      {"20260329013000Z", "2026-03-29T01:30:00Z"},
      {"20260329013000 UTC", "2026-03-29T01:30:00Z"},
      {"20260329013000 GMT", "2026-03-29T01:30:00Z"},
      {"20260329013000 BST", "2026-03-29T00:30:00Z"},
      {"20260329013000 CET", "2026-03-29T00:30:00Z"},
      {"20260329013000 CEST", "2026-03-28T23:30:00Z"},
      {"20260329013000 EST", "2026-03-29T06:30:00Z"},
      {"20260329013000 EDT", "2026-03-29T05:30:00Z"},
      {"20260329013000 ACST", "2026-03-28T16:00:00Z"},
      {"200007281733 BST", "2000-07-28T16:33:00Z"},  // the examples of xmltv.dtd
      {"200209", "2002-09-01T00:00:00Z"},
      {"19880523083000 +0300", "1988-05-23T05:30:00Z"},
      {"2026", "2026-01-01T00:00:00Z"},
      {"20260329", "2026-03-29T00:00:00Z"},
      {"2026032901", "2026-03-29T01:00:00Z"},
      {"20260329 +0100", "2026-03-28T23:00:00Z"},
      {"20240229235959", "2024-02-29T23:59:59Z"},
      {"16770922", "1677-09-22T00:00:00Z"},
      {"22620411234716", "2262-04-11T23:47:16Z"},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_xmltv_time(c.text);
    ASSERT_TRUE(parsed.ok()) << c.text << ": " << parsed.status();
    EXPECT_EQ(*parsed, parse_rfc3339(c.expected).value()) << c.text;
  }
}

TEST(ParseXmltvTime, RefusesTheRestAndSaysWhy) {
  const struct {
    const char* text;
    const char* why;
  } cases[] = {
      {"", "expected YYYYMMDDhhmmss"},
      {" 20260329", "expected YYYYMMDDhhmmss"},
      {"202", "expected YYYYMMDDhhmmss"},
      {"20260", "expected YYYYMMDDhhmmss"},
      {"2026032901300", "expected YYYYMMDDhhmmss"},
      {"202603290130001", "expected YYYYMMDDhhmmss"},
      {"2026032901300000", "expected YYYYMMDDhhmmss"},
      {"99999999999999999999", "expected YYYYMMDDhhmmss"},
      {"tomorrow", "expected YYYYMMDDhhmmss"},
      {"-2026", "expected YYYYMMDDhhmmss"},
      {"20261301", "no such month"},
      {"202600", "no such month"},
      {"20260230", "no such day in this month"},
      {"20260100", "no such day in this month"},
      {"20230229", "no such day in this month"},
      {"2026032924", "no such hour"},
      {"202603290160", "no such minute"},
      {"20260329013060", "no such second"},
      {"20260329013000 +01", "no such offset: '+01'"},
      {"20260329013000 +2400", "no such offset: '+2400'"},
      {"20260329013000 +0160", "no such offset: '+0160'"},
      {"20260329013000 +01.00", "no such offset: '+01.00'"},
      {"20260329013000 0100", "no such offset: '0100'"},
      {"20260329013000 +0100 ", "no such offset: '+0100 '"},
      {"20260329013000 +-100", "no such offset: '+-100'"},
      {"20260329013000 bst", "no such offset: 'bst'"},
      {"20260329013000 XYZ", "no such offset: 'XYZ'"},
      {"20260329013000 IST", "no such offset: 'IST'"},
      {"20260329T013000", "no such offset: 'T013000'"},
      {"2026-03-29", "no such offset: '-03-29'"},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_xmltv_time(c.text);
    ASSERT_FALSE(parsed.ok()) << c.text;
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << c.text;
    EXPECT_THAT(message_of(parsed.status()), HasSubstr(c.why)) << c.text;
  }
  for (const char* text : {"1677", "16770921001243", "22620411234717", "9999", "0000"}) {
    EXPECT_EQ(parse_xmltv_time(text).status().code(), absl::StatusCode::kOutOfRange) << text;
  }
}

TEST(ParseXmltv, ReadsChannelsAndProgrammes) {
  const auto guide = parse_xmltv(R"(<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tv SYSTEM "xmltv.dtd">
<tv generator-info-name="hand">
  <!-- a programme may come before its channel -->
  <programme start="20260328231500 +0000" stop="20260329070000 +0100" channel="b">
    <title lang="ga">Nuacht &amp; Aimsir</title>
    <title lang="en">News and Weather</title>
  </programme>
  <programme start="20260101" channel="undeclared"><title>X<!-- no -->Y<![CDATA[<Z>]]></title></programme>
  <channel id="a"><display-name>First</display-name><display-name>1</display-name></channel>
  <channel id="b"/>
  <programme start="2026" stop="2027" channel="a"/>
  <unknown/>
</tv>)",
                                 "test.xml");
  ASSERT_TRUE(guide.ok()) << guide.status();
  ASSERT_EQ(guide->channels().size(), 3u);
  const ChannelSchedule& b = guide->channels()[0];
  const ChannelSchedule& a = guide->channels()[1];
  const ChannelSchedule& undeclared = guide->channels()[2];
  EXPECT_EQ(a.id(), "a");
  EXPECT_EQ(a.display_name(), "First");
  EXPECT_EQ(a.programmes()[0].title, "");
  EXPECT_EQ(b.id(), "b");
  EXPECT_EQ(b.display_name(), "b");
  ASSERT_EQ(b.programmes().size(), 1u);
  EXPECT_EQ(b.programmes()[0].title, "Nuacht & Aimsir");
  EXPECT_EQ(*b.programmes()[0].stop - b.programmes()[0].start, std::chrono::minutes(405));
  EXPECT_EQ(undeclared.id(), "undeclared");
  EXPECT_EQ(undeclared.programmes()[0].title, "XY<Z>");
  EXPECT_EQ(undeclared.airings()[0].end, kOpenEnd);
}

TEST(ParseXmltv, AChannelWithoutProgrammesIsListed) {
  const auto guide = parse_xmltv("<tv><channel id='a'/><channel id='a'/></tv>", "t");
  ASSERT_TRUE(guide.ok()) << guide.status();
  ASSERT_EQ(guide->channels().size(), 1u);
  EXPECT_TRUE(guide->channels()[0].airings().empty());
  EXPECT_TRUE(parse_xmltv("<tv/>", "t").value().channels().empty());
}

TEST(ParseXmltv, NamesTheLineAndTheField) {
  const struct {
    const char* name;
    const char* text;
    const char* expected;
  } cases[] = {
      {"no start", "<tv>\n<programme channel='a'/>\n</tv>", "f:2: <programme> has no start"},
      {"no channel", "<tv>\n\n<programme start='2026'/>\n</tv>", "f:3: <programme> has no channel"},
      {"no id", "<tv>\n<channel/></tv>", "f:2: <channel> has no id"},
      {"a bad start", "<tv>\n<programme channel='a' start='202613'/></tv>",
       "f:2: <programme> start: Invalid XMLTV time '202613': no such month"},
      {"a bad stop", "<tv>\r\n\r\n<programme channel='a' start='2026' stop=''/></tv>",
       "f:3: <programme> stop: Invalid XMLTV time '': expected YYYYMMDDhhmmss or its leading "
       "fields"},
      {"an unknown offset name", "<tv>\r<programme channel='a' start='2026 IST'/></tv>",
       "f:2: <programme> start: Invalid XMLTV time '2026 IST': no such offset: 'IST'"},
      {"a stop before its start",
       "<tv>\n<programme channel='a'\n start='20260329020000 +0000' stop='20260329023000 "
       "+0100'/></tv>",
       "f:2: <programme> stop '20260329023000 +0100' is before its start '20260329020000 +0000'"},
      {"entities before do not shift the lines",
       "<tv>\n<channel id='&amp;&#10;'><display-name>&lt;\r\n&gt;</display-name></channel>\n"
       "<programme/></tv>",
       "f:4: <programme> has no start"},
      {"not XML", "hello\nthere", "f:1: not XML: there is no element in it"},
      {"another element", "\n<html><body/></html>",
       "f:2: not XMLTV: the element is <html>, not <tv>"},
      {"truncated in text", "<tv>\n<channel id='a'>\n<display-name>Fir",
       "f:3: truncated XML: it ends before </tv>"},
      {"truncated in a start tag", "<tv>\n<channel id='a'>\n</channel>\n<progra",
       "f:4: truncated XML: it ends before </tv>"},
      {"truncated in an attribute", "<tv>\n<channel id='a'/>\n<programme start='2026",
       "f:3: truncated XML: it ends before </tv>"},
      {"truncated between elements", "<tv>\n<channel id='a'/>\n\n",
       "f:4: truncated XML: it ends before </tv>"},
      {"truncated in an end tag", "<tv>\n<channel id='a'></chan",
       "f:2: truncated XML: it ends before </tv>"},
      {"truncated in the last tag", "<tv>\n</t", "f:2: truncated XML: it ends before </tv>"},
      {"truncated in a comment", "<tv>\n<!-- \n", "f:3: truncated XML: it ends before </tv>"},
      {"tags crossed", "<tv>\n<channel id='a'>\n</tv>\n</channel>\n",
       "f:3: not well-formed XML: Start-end tags mismatch"},
      {"two documents", "<tv></tv>\n<tv></tv>", "f:2: a second element after </tv>"},
      {"no such encoding", "<?xml version='1.0' encoding='EBCDIC-HAL'?>\n<tv/>",
       "f:1: no such encoding: 'EBCDIC-HAL'"},
      {"an encoding with a suffix", "<?xml version='1.0' encoding='ASCII//IGNORE'?>\n<tv/>",
       "f:1: no such encoding: 'ASCII//IGNORE'"},
      {"bytes that are not UTF-8", "<tv>\n\n\xe9</tv>", "f:3: bytes that are not valid UTF-8"},
      {"half a character", "<tv>\n</tv>\n\xc3", "f:3: bytes that are not valid UTF-8"},
  };
  for (const auto& c : cases) {
    const auto guide = parse_xmltv(c.text, "f");
    ASSERT_FALSE(guide.ok()) << c.name;
    EXPECT_EQ(guide.status().code(), absl::StatusCode::kInvalidArgument) << c.name;
    EXPECT_EQ(message_of(guide.status()), c.expected) << c.name;
  }
  const std::string zero("<tv>\n\0</tv>", 12);
  EXPECT_EQ(message_of(parse_xmltv(zero, "f").status()),
            "f:2: a zero character, which XML does not have");
  EXPECT_EQ(message_of(parse_xmltv("x", "a\nb").status()),
            "a b:1: not XML: there is no element in it");
}

// The same guide in other bytes: `text` has only characters up to U+00FF.
std::string as_utf16(std::string_view latin1, bool little) {
  std::string out = little ? "\xff\xfe" : "\xfe\xff";
  for (const char c : latin1) {
    if (!little) out += '\0';
    out += c;
    if (little) out += '\0';
  }
  return out;
}

TEST(ParseXmltv, ReadsEncodingsAndKeepsTheirLines) {
  // In Latin-1 the accents are one byte, in UTF-8 two, in UTF-16 everything is two.
  const std::string body =
      "<tv>\n<channel id='rt\xe9'><display-name>RT\xc9 \xe1\xe1\xe1</display-name></channel>\n";
  const std::string good = body + "</tv>";
  const std::string bad = body + "\xe9\xe9\n<programme channel='a'/></tv>";
  const auto latin1 = [](const std::string& text) {
    return "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" + text;
  };
  const struct {
    const char* name;
    std::string good, bad;
  } cases[] = {
      {"ISO-8859-1", latin1(good), latin1(bad)},
      {"UTF-16LE", as_utf16(good, true), as_utf16(bad, true)},
      {"UTF-16BE", as_utf16(good, false), as_utf16(bad, false)},
      {"UTF-16LE without a mark", as_utf16(good, true).substr(2), as_utf16(bad, true).substr(2)},
      {"windows-1252", "<?xml version='1.0' encoding='windows-1252'?>" + good,
       "<?xml version='1.0' encoding='windows-1252'?>" + bad},
  };
  for (const auto& c : cases) {
    const auto guide = parse_xmltv(c.good, "f");
    ASSERT_TRUE(guide.ok()) << c.name << guide.status();
    EXPECT_EQ(guide->channels()[0].id(), "rt\xc3\xa9") << c.name;
    EXPECT_EQ(guide->channels()[0].display_name(), "RT\xc3\x89 \xc3\xa1\xc3\xa1\xc3\xa1") << c.name;
    EXPECT_EQ(message_of(parse_xmltv(c.bad, "f").status()), "f:4: <programme> has no start")
        << c.name;
  }
  EXPECT_TRUE(parse_xmltv("\xef\xbb\xbf<tv/>", "f").ok());
}

// A guide with everything in it, cut after every byte: an answer each time, and only one is a
// guide.
TEST(ParseXmltv, ATruncatedGuideIsRefusedWhereverItIsCut) {
  const std::string whole =
      "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<!DOCTYPE tv SYSTEM \"xmltv.dtd\">\n<tv>\n"
      "<!-- c --><channel id=\"a\"><display-name>RT\xc9 &amp; &#233;</display-name></channel>\n"
      "<programme start=\"20260329 +0100\" stop=\"20260330\" channel=\"a\"><title><![CDATA[x]]>"
      "</title></programme>\n</tv>";
  ASSERT_TRUE(parse_xmltv(whole, "f").ok()) << parse_xmltv(whole, "f").status();
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const auto guide = parse_xmltv(whole.substr(0, n), "f");
    ASSERT_FALSE(guide.ok()) << n << ": " << whole.substr(0, n);
    EXPECT_EQ(message_of(guide.status()).find('\n'), std::string::npos) << n;
  }
}

}  // namespace
}  // namespace on_air::xmltv_test
