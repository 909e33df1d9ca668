#include <lakh/load/yaml.hpp>

#include <gtest/gtest.h>

namespace {

using lakh::config;
using lakh::load::parse_yaml;

std::string json_of(const config& node) {
  std::string out;
  node.append_json(out);
  std::erase(out, '\n');
  std::erase(out, ' ');
  return out;
}

std::pair<std::string, std::string> complaint(std::string_view text) {
  try {
    (void)parse_yaml(text, "p.yaml");
  } catch (const lakh::input_error& e) {
    return {e.what(), e.hint()};
  }
  return {"nothing was thrown", ""};
}

TEST(yaml, trees_are_read_with_their_styles) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"", "null"},
      {"a: 5\nb: '5'\nc: [x, true, ~, null, 1.5]\nd:\n  - e: |\n      two\n      lines\n",
       R"({"a":5,"b":"5","c":["x",true,null,null,1.5],"d":[{"e":"two\nlines\n"}]})"},
      {"{\"a\": {\"b\": [1, \"x\\u00e9\\n\"]}}", R"({"a":{"b":[1,"xé\n"]}})"},
      {"a: &x {k: 1}\nb: *x\nc: !!str 5", R"({"a":{"k":1},"b":{"k":1},"c":"5"})"},
      {"\xef\xbb\xbfname: 王\r\nb: \"{{item}}\"\r\n", R"({"name":"王","b":"{{item}}"})"},
      {"a:\nb: ''", R"({"a":null,"b":""})"},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(json_of(parse_yaml(text, "p.yaml")), expected) << text;
}

TEST(yaml, places_count_lines_and_characters) {
  const auto tree = parse_yaml("a: 1\n王王: [x,  y]\nb:\n  c: \"é {{x}}\"\n", "p.yaml");
  const auto& entries = tree.entries("p");
  EXPECT_EQ(tree.key_place(1).line, 2U);
  EXPECT_EQ(entries[1].second.items("i")[1].place().column, 10U);
  EXPECT_EQ(tree.key_place(2).line, 3U);
  const auto* c = entries[2].second.find("c");
  ASSERT_NE(c, nullptr);
  EXPECT_EQ(c->place().line, 4U);
  EXPECT_EQ(c->place().column, 6U);
  EXPECT_EQ(c->place_in_text(3).column, 9U);
}

TEST(yaml, hostile_and_mistaken_documents_are_refused_with_their_place) {
  struct {
    std::string_view text;
    std::string_view what;
  } const table[] = {
      {"a: 1\na: 2\n", "p.yaml:2:1: the key 'a' occurs twice"},
      {"a: 1\n---\nb: 2\n", "p.yaml:2:1: there is a second document"},
      {"a: &x [*x]\n", "p.yaml:1:8: an alias stands inside what it names"},
      {"a: {{item}}\n", "p.yaml:1:5: a key must be plain text"},
      {"? [a]\n: b\n", "p.yaml:1:3: a key must be plain text"},
      {"a: !python/object x\n", "p.yaml:1:4: the tag '!python/object' is not supported"},
      {"a: *nowhere\n", "p.yaml:1:4: this is not YAML"},
      {"a: [1, 2\nb: 3\n", "p.yaml:2:2: this is not YAML"},
      {"a: \"x\n", "p.yaml:2:1: this is not YAML"},
      {"a: \"x", "p.yaml:1:6: this is not YAML"},
      {"a: {b: 1", "p.yaml:1:9: this is not YAML"},
      {"a: x\x04y\n", "p.yaml:1:5: a control character"},
      {"a: \xff\n", "p.yaml:1:4: the text is not UTF-8 here"},
  };
  for (const auto& row : table) {
    const auto what = complaint(row.text).first;
    EXPECT_EQ(what.substr(0, row.what.size()), row.what) << row.text << ": " << what;
  }
  EXPECT_NE(complaint("a: {{item}}\n").second.find("quotation marks"), std::string::npos);
  EXPECT_NE(complaint("a: {{run}}-{{item}}\n").second.find("quotation marks"), std::string::npos);
  EXPECT_NE(complaint(std::string(2U << 20, ' ')).first.find("larger than 1 MiB"), std::string::npos);
  EXPECT_NE(complaint(std::string(100, '[') + std::string(100, ']')).first.find("nested too deeply"),
            std::string::npos);
  EXPECT_NE(complaint(std::string(300'000, '[') + std::string(300'000, ']')).first.find("p.yaml:1:65"),
            std::string::npos);
}

TEST(yaml, aliases_that_multiply_are_stopped) {
  std::string laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string alias = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 9; ++j) laughs += (j != 0 ? ", " : "") + alias;
    laughs += "]\n";
  }
  EXPECT_NE(complaint(laughs).first.find("the document is too large"), std::string::npos) << complaint(laughs).first;
  std::string wide = "a: &x \"" + std::string(100'000, 'x') + "\"\nb: [";
  for (int i = 0; i < 200; ++i) wide += "*x, ";
  EXPECT_NE(complaint(wide + "]").first.find("the document is too large"), std::string::npos);
}

TEST(yaml, what_is_written_as_json_is_read_back) {
  const auto tree = parse_yaml(
      "a: \"q\\\"\\\\ \\x01 😀\"\nb: [~, 5, '5', 1.0, yes, 'true', true, \"\", '{{x}}', '- a', '#c', 'a: b']\nc: "
      "{}\nd: []\n",
      "p.yaml");
  std::string out;
  tree.append_json(out);
  EXPECT_EQ(parse_yaml(out, "again"), tree) << out;
}

}  // namespace
