#include "xmltv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "masterclock/time/rfc3339.h"
#include "masterclock/zones/zone_database.h"

namespace on_air::xmltv_test {
namespace {

using masterclock::parse_rfc3339;
using masterclock::to_rfc3339;
using masterclock::UtcTime;
using masterclock::Zone;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

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
      // Offsets and times as grabbers write them; XMLTV's library reads all of these.
      {"20260329013000 +01", "2026-03-29T00:30:00Z"},
      {"20260329013000+01", "2026-03-29T00:30:00Z"},
      {"20260329013000 -03", "2026-03-29T04:30:00Z"},
      {"20260329013000 +010000", "2026-03-29T00:30:00Z"},
      {"20260329013000 +01:00:00", "2026-03-29T00:30:00Z"},
      {"20260329013000 +0100 ", "2026-03-29T00:30:00Z"},
      {" 20260329013000 +0100", "2026-03-29T00:30:00Z"},
      {"\t20260329013000\n +0100\r\n", "2026-03-29T00:30:00Z"},
      {"20260329013000 z", "2026-03-29T01:30:00Z"},
      {"20260329013000 bst", "2026-03-29T00:30:00Z"},
      {"20260329013000 UCT", "2026-03-29T01:30:00Z"},
      {"20260329013000 HST", "2026-03-29T11:30:00Z"},
      {"20260329013000 AKDT", "2026-03-29T09:30:00Z"},
      {"20260329013000 NDT", "2026-03-29T04:00:00Z"},
      {"20260329013000 A", "2026-03-29T00:30:00Z"},
      {"20260329013000 M", "2026-03-28T13:30:00Z"},
      {"20260329013000 n", "2026-03-29T02:30:00Z"},
      {"20260329013000 Y", "2026-03-29T13:30:00Z"},
      {"20260329013000 GMT+1", "2026-03-29T00:30:00Z"},
      {"20260329013000 UTC+0100", "2026-03-29T00:30:00Z"},
      {"20260329013000 UTC +01:00", "2026-03-29T00:30:00Z"},
      {"20260329013000 +000", "2026-03-29T01:30:00Z"},  // Jellyfin's reader takes these three
      {"20260329013000 +0", "2026-03-29T01:30:00Z"},
      {"20260329013000 0", "2026-03-29T01:30:00Z"},
      {"202603290130 +01", "2026-03-29T00:30:00Z"},
      {"2026 -0100", "2026-01-01T01:00:00Z"},
      {"20260329013000.500 +0100", "2026-03-29T00:30:00.5Z"},
      {"20260329013000.123456789123", "2026-03-29T01:30:00.123456789Z"},
      {"20260329240000 +0100", "2026-03-29T23:00:00Z"},
      {"202612312400", "2027-01-01T00:00:00Z"},
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
      {"  ", "expected YYYYMMDDhhmmss"},
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
      {"2026032925", "no such hour"},
      {"202603290160", "no such minute"},
      {"20260329013060", "no such second"},
      {"20260329013000 +2400", "no such offset: '+2400'"},
      {"20260329013000 +24", "no such offset: '+24'"},
      {"20260329013000 +0160", "no such offset: '+0160'"},
      {"20260329013000 +1", "no such offset: '+1'"},
      {"20260329013000 +100", "no such offset: '+100'"},
      {"20260329013000 +01:", "no such offset: '+01:'"},
      {"20260329013000 +01.00", "no such offset: '+01.00'"},
      {"20260329013000 + 0100", "no such offset: '+ 0100'"},
      {"20260329013000 0100", "no such offset: '0100'"},
      {"20260329013000 +-100", "no such offset: '+-100'"},
      {"20260329013000 XYZ", "no such offset: 'XYZ'"},
      {"20260329013000 IST", "no such offset: 'IST'"},
      {"20260329013000 J", "no such offset: 'J'"},
      {"20260329240001", "no such hour"},
      // Other formats are named as such, and not by what is left after the digits.
      {"2026-01-15 20:00:00 +0100", "expected YYYYMMDDhhmmss"},
      {"2026-01-15T20:00:00Z", "expected YYYYMMDDhhmmss"},
      {"20260115T200000Z", "expected YYYYMMDDhhmmss"},
      {"20260115 200000 +0100", "expected YYYYMMDDhhmmss"},
      {"2026-03-29", "expected YYYYMMDDhhmmss"},
      {"2026-03", "expected YYYYMMDDhhmmss"},
      {"202603-29", "expected YYYYMMDDhhmmss"},
      {"2026/01/15 20:00", "expected YYYYMMDDhhmmss"},
      {"15.01.2026 20:00", "expected YYYYMMDDhhmmss"},
      {"20260115.5", "expected YYYYMMDDhhmmss"},
      {"Thu, 15 Jan 2026 20:00:00 +0100", "expected YYYYMMDDhhmmss"},
      {"1768503600000", "expected YYYYMMDDhhmmss"},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_xmltv_time(c.text);
    ASSERT_FALSE(parsed.ok()) << c.text;
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << c.text;
    EXPECT_THAT(message_of(parsed.status()), HasSubstr(c.why)) << c.text;
  }
  for (const char* text :
       {"1677", "16770921001243", "22620411234717", "9999", "0000", "99991231235959 +0000"}) {
    EXPECT_EQ(parse_xmltv_time(text).status().code(), absl::StatusCode::kOutOfRange) << text;
  }
}

Zone zone(const char* name) { return masterclock::ZoneDatabase::system().find(name).value(); }

// --assume-zone: Ireland's clocks skip 01:00 to 02:00 on 29 March and repeat it on 25 October.
TEST(ParseXmltvTime, ReadsTimesWithoutOffsetInTheAssumedZone) {
  const struct {
    const char* text;
    const char* expected;
  } cases[] = {
      {"20260328120000", "2026-03-28T12:00:00Z"},
      {"20260329120000", "2026-03-29T11:00:00Z"},
      {"20260329013000", "2026-03-29T01:30:00Z"},  // skipped: 02:30 on the wall
      {"20261025013000", "2026-10-25T00:30:00Z"},  // repeated: the first
      {"20260328240000", "2026-03-29T00:00:00Z"},
      {"20260701", "2026-06-30T23:00:00Z"},
      {"20260701120000 +0000", "2026-07-01T12:00:00Z"},  // an offset counts
      {"20260701120000 UTC", "2026-07-01T12:00:00Z"},
      {"20260701120000 IST", "2026-07-01T11:00:00Z"},  // Irish, because the zone uses the name
      {"20261025013000 IST", "2026-10-25T00:30:00Z"},
      {"20261025013000 GMT", "2026-10-25T01:30:00Z"},
      {"20260701120000 EST", "2026-07-01T17:00:00Z"},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_xmltv_time(c.text, zone("Europe/Dublin"));
    ASSERT_TRUE(parsed.ok()) << c.text << ": " << parsed.status();
    EXPECT_EQ(*parsed, parse_rfc3339(c.expected).value()) << c.text;
  }
  EXPECT_EQ(parse_xmltv_time("20260701120000 IST", zone("Asia/Kolkata")).value(),
            parse_rfc3339("2026-07-01T06:30:00Z").value());
  EXPECT_FALSE(parse_xmltv_time("20260101120000 IST", zone("Europe/Dublin")).ok());
}

absl::StatusOr<Guide> guide_of(std::string_view text, const GuideReading& reading = {}) {
  absl::StatusOr<GuideFile> file = parse_xmltv(std::string(text), "f", reading);
  if (!file.ok()) return file.status();
  return std::move(file->listing).to_guide();
}

std::vector<std::string> warnings_of(std::string_view text) {
  const absl::StatusOr<GuideFile> file = parse_xmltv(std::string(text), "f");
  EXPECT_TRUE(file.ok()) << file.status();
  return file.ok() ? file->warnings : std::vector<std::string>();
}

TEST(ParseXmltv, ReadsChannelsAndProgrammes) {
  const auto guide = guide_of(R"(<?xml version="1.0" encoding="UTF-8"?>
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
</tv>)");
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
  const auto guide = guide_of("<tv><channel id='a'/><channel id='a'/></tv>");
  ASSERT_TRUE(guide.ok()) << guide.status();
  ASSERT_EQ(guide->channels().size(), 1u);
  EXPECT_TRUE(guide->channels()[0].airings().empty());
  EXPECT_TRUE(guide_of("<tv/>").value().channels().empty());
}

TEST(ParseXmltv, FoldsWhiteSpace) {
  const struct {
    const char* name;
    const char* text;
    const char* expected;
  } cases[] = {
      {"lines around (case 07)", "\n      Morning News\n    ", "Morning News"},
      {"blanks within", "Morning  \t\r\n News", "Morning News"},
      {"a blank at the end", "Morning News ", "Morning News"},
      {"a tab by reference", "&#9;Morning&#10;News", "Morning News"},
      {"a no-break space at the end", "\xc2\xa0Morning News&#160;", "Morning News"},
      {"an ideographic space before", "\xe3\x80\x80News", "News"},
      {"in CDATA", "<![CDATA[\n Morning ]]> News", "Morning News"},
      {"around a comment", " Morning <!-- x --> News ", "Morning News"},
      {"nothing else", " \n\t ", ""},
      {"nothing", "", ""},
  };
  for (const auto& c : cases) {
    const std::string title(c.text);
    const auto guide = guide_of("<tv><channel id=' a\n'><display-name>" + title +
                                "</display-name></channel><programme start='2026' channel='a '>" +
                                "<title>" + title + "</title></programme></tv>");
    ASSERT_TRUE(guide.ok()) << c.name << guide.status();
    ASSERT_EQ(guide->channels().size(), 1u) << c.name;
    EXPECT_EQ(guide->channels()[0].id(), "a") << c.name;
    EXPECT_EQ(guide->channels()[0].display_name(), *c.expected == '\0' ? "a" : c.expected)
        << c.name;
    EXPECT_EQ(guide->channels()[0].programmes()[0].title, c.expected) << c.name;
  }
}

TEST(ParseXmltv, TakesTheFirstTitleThatHasText) {
  const auto guide = guide_of(
      "<tv><programme start='2026' channel='a'><title> </title><title>B</title><title>C</title>"
      "<credits><title>D</title></credits></programme></tv>");
  ASSERT_TRUE(guide.ok()) << guide.status();
  EXPECT_EQ(guide->channels()[0].programmes()[0].title, "B");
}

// One bad entry does not remove the guide (case 01): each of these is left out with a warning.
TEST(ParseXmltv, LeavesOutAnEntryThatMakesNoSense) {
  const struct {
    const char* name;
    const char* entry;
    const char* reason;
  } cases[] = {
      {"no start", "<programme channel='a'/>", "<programme> has no start"},
      {"no channel", "<programme start='2026'/>", "<programme> has no channel"},
      {"no id", "<channel><display-name>X</display-name></channel>", "<channel> has no id"},
      {"a bad start", "<programme channel='a' start='202613'/>",
       "<programme> start: Invalid XMLTV time '202613': no such month"},
      {"a bad stop", "<programme channel='a' start='2026' stop=''/>",
       "<programme> stop: Invalid XMLTV time '': expected YYYYMMDDhhmmss or its leading fields"},
      {"a stop of another format (case 02)",
       "<programme channel='a' start='20260115' stop='2026-01-15 21:00:00 +0100'/>",
       "<programme> stop: Invalid XMLTV time '2026-01-15 21:00:00 +0100': expected YYYYMMDDhhmmss "
       "or its leading fields"},
      {"an unknown offset name", "<programme channel='a' start='2026 IST'/>",
       "<programme> start: Invalid XMLTV time '2026 IST': no such offset: 'IST'"},
      {"a stop before its start",
       "<programme channel='a' start='20260329020000 +0000' stop='20260329023000 +0100'/>",
       "<programme> stop '20260329023000 +0100' is before its start '20260329020000 +0000'"},
      {"a stop outside time", "<programme channel='a' start='2026' stop='99991231'/>",
       "<programme> stop: Invalid XMLTV time '99991231': outside 1677-09-21 to 2262-04-11"},
  };
  for (const auto& c : cases) {
    const std::string text = std::string(
                                 "<tv>\n<channel id='a'/>\n<programme channel='a' start='2025' "
                                 "stop='2026'><title>Kept</title></programme>\n") +
                             c.entry + "\n<channel id='b'/></tv>";
    const auto file = parse_xmltv(text, "f");
    ASSERT_TRUE(file.ok()) << c.name << file.status();
    EXPECT_THAT(file->warnings, ElementsAre("f:4: " + std::string(c.reason) + "; left out"))
        << c.name;
    const auto guide = guide_of(text);
    ASSERT_EQ(guide->channels().size(), 2u) << c.name;
    ASSERT_EQ(guide->channels()[0].programmes().size(), 1u) << c.name;
    EXPECT_EQ(guide->channels()[0].programmes()[0].title, "Kept") << c.name;

    const auto strict = parse_xmltv(text, "f", {.strict = true});
    ASSERT_FALSE(strict.ok()) << c.name;
    EXPECT_THAT(message_of(strict.status()), StartsWith("f:4: " + std::string(c.reason))) << c.name;
  }
}

TEST(ParseXmltv, RefusesAGuideOfWhichMoreThanHalfMakesNoSense) {
  const auto guide = [](int good, int bad) {
    std::string text = "<tv>\n";
    for (int i = 0; i < bad; ++i) text += "<programme channel='a'/>\n";
    for (int i = 0; i < good; ++i) {
      text += "<programme channel='a' start='" + std::to_string(2000 + i) + "'/>\n";
    }
    return text + "</tv>";
  };
  EXPECT_TRUE(parse_xmltv(guide(2, 2), "f").ok());
  EXPECT_TRUE(parse_xmltv(guide(1, 1), "f").ok());
  EXPECT_EQ(message_of(parse_xmltv(guide(2, 3), "f").status()),
            "f:2: <programme> has no start; no sense in 3 of 5 entries");
  EXPECT_EQ(message_of(parse_xmltv(guide(0, 1), "f").status()),
            "f:2: <programme> has no start; no sense in 1 of 1 entries");
  const std::vector<std::string> warnings = warnings_of(guide(30, 25));
  ASSERT_EQ(warnings.size(), 21u);
  EXPECT_EQ(warnings[20], "f: 5 more of these");
}

TEST(ParseXmltv, ExpandsTheEntitiesThatTheDocumentDeclares) {
  const struct {
    const char* name;
    const char* dtd;
    const char* title;
    const char* expected;
  } cases[] = {
      {"case 20", "<!ENTITY st \"Star Show\">", "&st;: One", "Star Show: One"},
      {"single quotes", "<!ENTITY st 'a \"b\"'>", "&st;", "a \"b\""},
      {"in one another", "<!ENTITY b 'B &a; B'><!ENTITY a 'A'>", "&b;", "B A B"},
      {"a character", "<!ENTITY e '&#233;'>", "caf&e;", "caf\xc3\xa9"},
      {"an escaped ampersand", "<!ENTITY e '&#38;#38;'>", "A&e;T", "A&T"},
      {"a predefined name inside", "<!ENTITY e 'A &amp; B'>", "&e;", "A & B"},
      {"elements inside", "<!ENTITY e 'A<sub>x</sub>B'>", "&e;", "AB"},
      {"CDATA inside", "<!ENTITY e '<![CDATA[<&#38;]]>'>", "&e;", "<&"},
      {"the first declaration counts", "<!ENTITY e 'A'><!ENTITY e 'B'>", "&e;", "A"},
      {"nothing", "<!ENTITY e ''>", "A&e;B", "AB"},
      {"predefined names stay", "<!ENTITY amp 'x'>", "A&amp;B", "A&B"},
      {"other declarations",
       "<!-- x ]> --><?p ]> ?><!ELEMENT tv ANY><!ATTLIST tv a CDATA '>'>"
       "<!NOTATION n SYSTEM \"]>\">\n<!ENTITY e 'E'>",
       "&e;", "E"},
  };
  for (const auto& c : cases) {
    const auto guide =
        guide_of("<?xml version='1.0'?>\n<!DOCTYPE tv SYSTEM 'xmltv.dtd' [" + std::string(c.dtd) +
                 "] >\n<tv><programme start='2026' channel='a'><title>" + c.title +
                 "</title></programme></tv>");
    ASSERT_TRUE(guide.ok()) << c.name << guide.status();
    EXPECT_EQ(guide->channels()[0].programmes()[0].title, c.expected) << c.name;
  }
  const std::string attribute =
      "<!DOCTYPE tv [<!ENTITY c 'one'><!ENTITY y '2026'><!ENTITY p \"<programme start='&y;' "
      "channel='&c;'><title>&c;</title></programme>\">]><tv>&p;<channel id='&c;'/></tv>";
  const auto guide = guide_of(attribute);
  ASSERT_TRUE(guide.ok()) << guide.status();
  ASSERT_EQ(guide->channels().size(), 1u);
  EXPECT_EQ(guide->channels()[0].id(), "one");
  EXPECT_EQ(guide->channels()[0].programmes()[0].title, "one");
}

// Each of these ends in one line, in no time and in little memory.
TEST(ParseXmltv, RefusesEntitiesThatGrowWithoutBound) {
  std::string laughs = "<!DOCTYPE tv [\n<!ENTITY e0 'ha'>\n";
  for (int i = 1; i < 15; ++i) {
    const std::string inner = "&e" + std::to_string(i - 1) + ";";
    laughs += "<!ENTITY e" + std::to_string(i) + " '";
    for (int n = 0; n < 10; ++n) laughs += inner;
    laughs += "'>\n";
  }
  std::string many = "<!DOCTYPE tv [\n";
  for (int i = 0; i < 1'001; ++i) many += "<!ENTITY e" + std::to_string(i) + " ''>";
  const auto in_title = [](const std::string& dtd, const char* entity) {
    return dtd + "]><tv><programme start='2026' channel='a'><title>&" + entity +
           ";</title></programme></tv>";
  };
  const auto in_attribute = [](const std::string& dtd, const char* entity) {
    return dtd + "]><tv><programme start='2026' channel='&" + entity + ";'/></tv>";
  };
  const struct {
    const char* name;
    std::string text;
    const char* why;
  } cases[] = {
      {"a billion laughs", in_title(laughs, "e14"), "expands to more text than a guide may have"},
      {"in an attribute", in_attribute(laughs, "e14"),
       "expands to more text than a guide may have"},
      {"itself", in_title("<!DOCTYPE tv [<!ENTITY a '&a;'>", "a"), "an entity refers to itself"},
      {"in turn", in_title("<!DOCTYPE tv [<!ENTITY a '&b;'><!ENTITY b '&a;'>", "a"),
       "an entity refers to itself"},
      {"itself in an attribute", in_attribute("<!DOCTYPE tv [<!ENTITY a '&a;'>", "a"),
       "an entity refers to itself"},
      {"many", in_title(many, "e0"), "more than 1000 entities"},
  };
  for (const auto& c : cases) {
    const auto guide = parse_xmltv(c.text, "f");
    ASSERT_FALSE(guide.ok()) << c.name;
    EXPECT_THAT(message_of(guide.status()), HasSubstr(c.why)) << c.name;
  }
}

// A fault that leaves the elements clear is a warning; the entry stays.
TEST(ParseXmltv, NotesWhatIsNotWellFormed) {
  const struct {
    const char* name;
    const char* programme;
    const char* title;
    const char* warning;
  } cases[] = {
      {"an undeclared entity", "<title>A&nbsp;B</title>", "A&nbsp;B", "no such entity: &nbsp;"},
      {"an undeclared entity in an attribute", "<title lang='&nbsp;'>A</title>", "A",
       "no such entity: &nbsp;"},
      {"an ampersand", "<title>AT&T</title>", "AT&T", "'&' begins no reference"},
      {"an ampersand and a blank", "<title>A & B</title>", "A & B", "'&' begins no reference"},
      {"an ampersand at the end", "<title>A&</title>", "A&", "'&' begins no reference"},
      {"a less-than sign", "<title>A < B</title>", "A < B", "'<' begins no tag"},
      {"no such character", "<title>A&#0;</title>", "A\xef\xbf\xbd", "no such character: &#0;"},
      {"a surrogate", "<title>A&#xD800;</title>", "A\xef\xbf\xbd", "no such character: &#xD800;"},
      {"too large a character", "<title>A&#x110000;</title>", "A\xef\xbf\xbd",
       "no such character: &#x110000;"},
      {"the end of CDATA", "<title>A]]>B</title>", "A]]>B", "']]>' in text"},
      {"a tag in an attribute", "<title lang='<b>'>A</title>", "A", "'<' in an attribute"},
      {"an ampersand in an attribute", "<title lang='a&b'>A</title>", "A",
       "'&' begins no reference"},
  };
  for (const auto& c : cases) {
    // An external DTD may declare any entity: a parser skips one without a report.
    for (const std::string dtd : {"", "<!DOCTYPE tv SYSTEM 'xmltv.dtd'>"}) {
      const std::string text =
          dtd + "<tv>\n<programme start='2026' channel='a'>" + c.programme + "</programme></tv>";
      EXPECT_THAT(warnings_of(text),
                  ElementsAre("f:2: not well-formed XML: " + std::string(c.warning)))
          << c.name;
      EXPECT_EQ(guide_of(text)->channels()[0].programmes()[0].title, c.title) << c.name;
      EXPECT_EQ(message_of(parse_xmltv(text, "f", {.strict = true}).status()),
                "f:2: not well-formed XML: " + std::string(c.warning))
          << c.name;
    }
  }
  EXPECT_EQ(guide_of("<tv><channel id='A&B'/></tv>")->channels()[0].id(), "A&B");
  // U+FFFE and U+FFFF are no characters of XML 1.0 (2.2), so U+FFFD replaces each of their bytes.
  const char* const replacement = "\xef\xbf\xbd";
  EXPECT_EQ(guide_of("<tv><channel id='\xef\xbf\xbe\xef\xbf\xbf'/></tv>")->channels()[0].id(),
            std::string(replacement) + replacement + replacement + replacement + replacement +
                replacement);
  EXPECT_THAT(warnings_of("<tv>\n\n<channel id='\xe9\xe9'/></tv>"),
              ElementsAre("f:3: a character that is not valid in UTF-8, or not in XML (2 in this "
                          "file)"));
  EXPECT_THAT(warnings_of(std::string("<tv>\n\0<channel id='\1'/></tv>", 28)),
              ElementsAre("f:2: a character that is not valid in UTF-8, or not in XML (2 in this "
                          "file)"));
  EXPECT_THAT(warnings_of("<!DOCTYPE tv [<!ENTITY x SYSTEM '/etc/passwd'>]><tv>&x;</tv>"),
              ElementsAre("f:1: not well-formed XML: an entity outside the document: &x;"));
}

// The repair gives the lines of the file, also after it made the document longer.
TEST(ParseXmltv, ReadsARepairedGuideLikeAWellFormedOne) {
  const std::string
      begin = "<tv>\n<channel id='a'/>\r\n<!--",
      end =
          "-->\r<programme start='2026' stop='2025' channel='a'/>\n<programme start='2026' "
          "stop='2027' "
          "channel='a'><title>A &lt; &#66;</title></programme>\n\n<programme start='2027' "
          "channel='b' "
          "clumpidx='x'><title>\nC\r\nD</title></programme><channel>\n</channel>\n</tv>\n";
  const auto plain = parse_xmltv(begin + end, "f");
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_THAT(plain->warnings,
              ElementsAre("f:4: <programme> stop '2025' is before its start '2026'; left out",
                          "f:7: <programme> clumpidx 'x': expected a place such as 0/2",
                          "f:9: <channel> has no id; left out"));
  // '&' in a comment is no fault, but a reason to look.
  const auto looked_at = parse_xmltv(begin + " R&D " + end, "f");
  ASSERT_TRUE(looked_at.ok()) << looked_at.status();
  EXPECT_EQ(looked_at->warnings, plain->warnings);
  const auto repaired = parse_xmltv(begin + "--><x>&&&&&&&&</x><!--" + end, "f");
  ASSERT_TRUE(repaired.ok()) << repaired.status();
  EXPECT_THAT(repaired->warnings, Contains(plain->warnings[0]));
  EXPECT_THAT(repaired->warnings, Contains(plain->warnings[1]));
  EXPECT_THAT(repaired->warnings, Contains(plain->warnings[2]));
  for (const auto* file : {&*looked_at, &*repaired}) {
    const auto& channels = file->listing.channels();
    ASSERT_EQ(channels.size(), 2u);
    for (std::size_t i = 0; i < channels.size(); ++i) {
      EXPECT_EQ(channels[i].id, plain->listing.channels()[i].id);
      EXPECT_EQ(channels[i].programmes, plain->listing.channels()[i].programmes);
    }
  }
}

TEST(ParseXmltv, RefusesADocumentThatIsNotOne) {
  std::string deep = "<tv>";
  for (int i = 0; i < 300; ++i) deep += "<x>";
  std::string attributes = "<tv";
  for (int i = 0; i < 300; ++i) attributes += " a" + std::to_string(i) + "=''";
  attributes += "/>";
  const struct {
    const char* name;
    std::string text;
    const char* expected;
  } cases[] = {
      {"entities before do not shift the lines",
       "<tv>\n<channel id='&amp;&#10;'><display-name>&lt;\r\n&gt;</display-name></channel>\n"
       "<programme></tv>",
       "f:4: not well-formed XML: </tv> where </programme> is expected"},
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
      {"truncated in the DTD", "<!DOCTYPE tv [\n<!ENTITY a 'b",
       "f:2: truncated XML: there is no element in it"},
      {"tags crossed", "<tv>\n<channel id='a'>\n</tv>\n</channel>\n",
       "f:3: not well-formed XML: </tv> where </channel> is expected"},
      {"an end too many", "<tv>\n</tv></tv>", "f:2: not well-formed XML: </tv> without its start"},
      {"no quotes", "<tv>\n<channel id=a/></tv>",
       "f:2: not well-formed XML: unexpected 'a/></tv>'"},
      {"no value", "<tv>\n<channel id/></tv>", "f:2: not well-formed XML: unexpected '/></tv>'"},
      {"an attribute without a name", "<tv>\n<channel 'a'/></tv>",
       "f:2: not well-formed XML: unexpected ''a'/></tv>'"},
      {"an attribute twice", "<tv>\n<channel id='a' id='b'/></tv>",
       "f:2: not well-formed XML: duplicate attribute"},
      {"no blank", "<tv>\n<channel id='a'x='b'/></tv>",
       "f:2: not well-formed XML: unexpected 'x='b'/></tv>'"},
      {"two documents", "<tv></tv>\n<tv></tv>",
       "f:2: not well-formed XML: a second element after </tv>"},
      {"text after the document", "<tv/>\nwords", "f:2: not well-formed XML: text after </tv>"},
      {"text before the document", "words\n<tv/>", "f:1: not XML: there is no element in it"},
      {"a late DTD", "<tv>\n<!DOCTYPE tv></tv>",
       "f:2: not well-formed XML: unexpected 'DOCTYPE tv></tv>'"},
      {"an entity that opens an element", "<!DOCTYPE tv [<!ENTITY x '<a>'>]>\n<tv>&x;</a></tv>",
       "f:2: not well-formed XML: asynchronous entity"},
      {"an entity that closes an element", "<!DOCTYPE tv [<!ENTITY x '</a>'>]>\n<tv><a>&x;</tv>",
       "f:2: not well-formed XML: asynchronous entity"},
      {"an entity that ends in a tag", "<!DOCTYPE tv [<!ENTITY x '<a b'>]>\n<tv>&x;</tv>",
       "f:2: not well-formed XML: unclosed token"},
      {"no such encoding", "<?xml version='1.0' encoding='EBCDIC-HAL'?>\n<tv/>",
       "f:1: no such encoding: 'EBCDIC-HAL'"},
      {"an encoding with a suffix", "<?xml version='1.0' encoding='ASCII//IGNORE'?>\n<tv/>",
       "f:1: no such encoding: 'ASCII//IGNORE'"},
      {"bytes of another kind", "<tv>\n" + std::string(50, '\xe9') + "</tv>",
       "f:2: bytes that are not valid UTF-8"},
      {"elements without end", deep, "f:1: elements nested deeper than 256"},
      {"attributes without end", attributes,
       "f:1: not well-formed XML: more than 256 attributes in <tv>"},
  };
  for (const auto& c : cases) {
    const auto guide = parse_xmltv(c.text, "f");
    ASSERT_FALSE(guide.ok()) << c.name;
    EXPECT_EQ(guide.status().code(), absl::StatusCode::kInvalidArgument) << c.name;
    EXPECT_EQ(message_of(guide.status()), c.expected) << c.name;
  }
  EXPECT_THAT(message_of(parse_xmltv("x", "a\nb").status()), HasSubstr("a b:1: not XML"));
}

TEST(ParseXmltv, TakesAnyLengthOfWhatItDoesNotKeep) {
  const std::string megabyte(1 << 20, 'x');
  const std::string text = "<tv source='" + megabyte +
                           "'><programme start='2026' channel='a'><desc>" + megabyte +
                           "</desc></programme><programme start='2027' channel='a'>" + "<title>" +
                           megabyte + "</title></programme></tv>";
  EXPECT_THAT(warnings_of(text),
              ElementsAre("f:1: <programme> has a name of more than 64 KiB; left out"));
}

TEST(ParseXmltv, ReadsClumps) {
  const struct {
    const char* clumpidx;
    Clump expected;
    bool warned;
  } cases[] = {
      {"0/2", {0, 2}, false}, {"1/2", {1, 2}, false}, {" 1 / 3 ", {1, 3}, false},
      {"0/1", {0, 1}, false}, {"2/2", {}, true},      {"-1/2", {}, true},
      {"1", {}, true},        {"", {}, true},         {"a/b", {}, true},
      {"0/0", {}, true},      {"1/2/3", {}, true},    {"0/99999999999", {}, true},
  };
  for (const auto& c : cases) {
    const auto file = parse_xmltv(
        "<tv><programme start='2026' channel='a' clumpidx='" + std::string(c.clumpidx) + "'/></tv>",
        "f");
    ASSERT_TRUE(file.ok()) << c.clumpidx << file.status();
    EXPECT_EQ(file->listing.channels()[0].programmes[0].clump, c.expected) << c.clumpidx;
    EXPECT_EQ(file->warnings.size(), c.warned ? 1u : 0u) << c.clumpidx;
  }
}

TEST(ParseXmltv, ShiftsEveryTime) {
  using namespace std::chrono_literals;
  const char* const text =
      "<tv><programme start='20260328060000' stop='20260328070000' channel='a'/>"
      "<programme start='2262' channel='a'/></tv>";
  const auto guide = guide_of(text, {.shift = -90min});
  EXPECT_EQ(guide->channels()[0].programmes()[0].start,
            parse_rfc3339("2026-03-28T04:30:00Z").value());
  EXPECT_EQ(guide->channels()[0].programmes()[0].stop,
            parse_rfc3339("2026-03-28T05:30:00Z").value());
  const auto far = parse_xmltv(text, "f", {.shift = 8760h});
  ASSERT_TRUE(far.ok()) << far.status();
  EXPECT_THAT(far->warnings,
              ElementsAre("f:1: <programme> start: '2262' is shifted outside 1677 to "
                          "2262; left out"));
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
  const std::string bad = body + "\xe9\xe9\n<programme channel='a'></tv>";
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
    const auto guide = guide_of(c.good);
    ASSERT_TRUE(guide.ok()) << c.name << guide.status();
    EXPECT_EQ(guide->channels()[0].id(), "rt\xc3\xa9") << c.name;
    EXPECT_EQ(guide->channels()[0].display_name(), "RT\xc3\x89 \xc3\xa1\xc3\xa1\xc3\xa1") << c.name;
    EXPECT_EQ(message_of(parse_xmltv(c.bad, "f").status()),
              "f:4: not well-formed XML: </tv> where </programme> is expected")
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
