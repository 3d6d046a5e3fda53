#include "xml_plain.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <string>

#include "xml_text.h"

namespace on_air::xml_plain_test {
namespace {

// Writes what it gets as lines. The parts of a text are one text.
class Transcript final : public XmlHandler {
 public:
  std::string lines;

  absl::Status start(const XmlTag& tag) override {
    flush();
    lines +=
        std::to_string(tag.line) + "," + std::to_string(tag.depth) + " <" + std::string(tag.name);
    for (const XmlAttribute& one : tag.attributes) {
      lines.append(" ").append(one.name).append("='").append(one.value).append("'");
    }
    lines += ">\n";
    return absl::OkStatus();
  }
  absl::Status text(std::string_view text, std::size_t depth) override {
    text_ += text;
    depth_ = depth;
    return absl::OkStatus();
  }
  absl::Status end(std::size_t depth) override {
    flush();
    lines += "end " + std::to_string(depth) + "\n";
    return absl::OkStatus();
  }
  absl::Status fault(const XmlFault& fault) override {
    lines += "fault: " + fault.what + "\n";
    return absl::OkStatus();
  }

 private:
  void flush() {
    if (text_.empty()) return;
    lines += std::to_string(depth_) + " '";
    for (std::size_t i = 0; i < text_.size(); ++i) {  // Expat writes each line end as '\n'
      if (text_[i] != '\r') lines += text_[i];
      if (text_[i] == '\r' && (i + 1 == text_.size() || text_[i + 1] != '\n')) lines += '\n';
    }
    lines += "'\n";
    text_.clear();
  }
  std::string text_;
  std::size_t depth_ = 0;
};

std::string by_expat(const std::string& xml) {
  Transcript transcript;
  const absl::Status status = read_xml(xml, "x", transcript);
  return transcript.lines + (status.ok() ? "" : std::string(status.message()));
}

// What the plain reader says, or "not plain".
std::string plainly(const std::string& xml) {
  Transcript transcript;
  return read_plain_xml(xml, transcript).value() ? transcript.lines : "not plain";
}

const std::string kGuide = R"(<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tv SYSTEM "xmltv.dtd">
<!-- a guide -->
<tv generator-info-name='a "b" &amp; c'>
  <channel id="x.ie" ><display-name lang = "en">Céad &lt;1&gt; &apos;&quot;</display-name><icon src='#'/></channel>
  <programme
     start="20260329010000 +0000" channel="x.ie"><!--- - --><title>Bread &amp; Butter</title></programme >
  <a:b.c-d_1 _=""/>]]
</tv>
<!-- end -->
)";

TEST(XmlPlain, ReadsAsExpatDoes) {
  ASSERT_NE(plainly(kGuide), "not plain");
  EXPECT_EQ(plainly(kGuide), by_expat(kGuide));
  std::string crlf;
  for (const char c : kGuide) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_EQ(plainly(crlf), by_expat(crlf));
  EXPECT_EQ(plainly("<tv/>"), by_expat("<tv/>"));
}

TEST(XmlPlain, LeavesEachOtherDocumentToExpat) {
  const std::string attributes = [] {
    std::string all;
    for (int i = 0; i < 17; ++i) all += " a" + std::to_string(i) + "=''";
    return all;
  }();
  const std::string cases[] = {
      "",
      "text",
      "<",
      "<tv>",
      "<tv",
      "<tv a",
      "<tv a=",
      "<tv a='",
      "<tv a=''",
      "</tv>",
      "<tv></tb>",
      "<tv></tvv>",
      "<tv/><tv/>",
      "<tv/>text",
      "text<tv/>",
      "<tv/><?pi?>",
      "<tv><?pi?></tv>",
      "<tv><![CDATA[x]]></tv>",
      "<tv>]]></tv>",
      "<tv>&#233;</tv>",
      "<tv>&eacute;</tv>",
      "<tv>&</tv>",
      "<tv>& amp;</tv>",
      "<tv a='&#233;'/>",
      "<tv a='&'/>",
      "<tv a='<'/>",
      "<tv a='x\ny'/>",
      "<tv a='x\ty'/>",
      "<tv a=x/>",
      "<tv a='1'b='2'/>",
      "<tv a='1' a='2'/>",
      "<tv a/>",
      "<tv / >",
      "< tv/>",
      "<1/>",
      "<\xc3\xa9/>",
      "<tv \xc3\xa9=''/>",
      "<tv><!-- -- --></tv>",
      "<tv><!-- ---></tv>",
      "<tv><!x></tv>",
      "<tv>\xef\xbf\xbd<",
      "<!DOCTYPE tv [<!ATTLIST tv a CDATA 'x'>]><tv/>",
      "<!DOCTYPE tv [<!ENTITY a 'x'>]><tv>&a;</tv>",
      "<!-- <tv> -->",
      "<?xml version='1.0'?",
      "<tv" + attributes + "/>",
      "<tv><!--" + std::string(1 << 21, ' ') + "--></tv>",
  };
  for (const std::string& xml : cases) EXPECT_EQ(plainly(xml), "not plain") << xml.substr(0, 80);
  std::string nested;
  for (int i = 0; i < 65; ++i) nested = "<a>" + nested + "</a>";
  EXPECT_EQ(plainly(nested), "not plain");
}

// A document that the plain reader accepts is one that Expat accepts, with the same contents.
TEST(XmlPlain, AgreesWithExpatAboutRandomChanges) {
  std::mt19937 random(20260329);
  constexpr std::string_view kPieces[] = {
      "<", ">", "&", ";",  "'",     "\"",  "/",     "=",    " ",   "\n",  "-",       "!",
      "?", "]", "a", "\r", "&amp;", "<a>", "</tv>", "<!--", "-->", "]]>", "\xc3\xa9"};
  int plain = 0, other = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string xml = kGuide;
    for (auto change = random() % 3; change < 3; ++change) {
      const std::size_t at = random() % xml.size(), size = random() % 4;
      xml.replace(at, size, kPieces[random() % std::size(kPieces)]);
    }
    const auto text = xml_as_utf8(xml, "x");  // a change may have split a character
    if (!text.ok()) continue;                 // or changed the name of the encoding
    xml = text->utf8;
    const std::string read = plainly(xml);
    ++(read == "not plain" ? other : plain);
    if (read == "not plain") continue;
    ASSERT_EQ(read, by_expat(xml)) << xml;
  }
  EXPECT_GT(plain, 1'000);
  EXPECT_GT(other, 1'000);
}

TEST(XmlPlain, ReturnsTheErrorOfTheHandler) {
  class Refuses final : public XmlHandler {
    absl::Status start(const XmlTag&) override { return absl::OkStatus(); }
    absl::Status text(std::string_view, std::size_t) override { return absl::AbortedError("no"); }
    absl::Status end(std::size_t) override { return absl::OkStatus(); }
    absl::Status fault(const XmlFault&) override { return absl::OkStatus(); }
  } refuses;
  EXPECT_EQ(read_plain_xml("<tv>x</tv>", refuses).status(), absl::AbortedError("no"));
}

}  // namespace
}  // namespace on_air::xml_plain_test
