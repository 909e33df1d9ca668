#include <lakh/core/json_path.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace {

using lakh::json_lookup;
using lakh::json_path;

constexpr std::string_view document =
    R"( {"id": 42, "orders" : [ {"id":"a\"b", "tags":[]}, {"id":"x", "sum": -1.50e2} ], "a b": {"": true}, "na\u006de": null} )";

TEST(json_path, both_forms_find_the_same) {
  struct {
    std::string_view path;
    std::string_view raw;  // empty: absent
  } const table[] = {
      {"$.id", "42"},
      {"$.orders[0].id", R"("a\"b")"},
      {"$.orders[1].sum", "-1.50e2"},
      {"$.orders[0].tags", "[]"},
      {"$['a b']['']", "true"},
      {"$[\"a b\"]", R"({"": true})"},
      {"$.name", "null"},
      {"$.orders[2]", ""},
      {"$.orders[0].tags[0]", ""},
      {"$.nothing", ""},
      {"$.id.deeper", ""},
      {"$[0]", ""},
      {"$.orders.id", ""},
  };
  const auto parsed = boost::json::parse(document);
  for (const auto& row : table) {
    const json_path path(row.path);
    const auto* value = path.find(parsed);
    const auto raw = path.raw(document);
    EXPECT_EQ(raw.text, row.raw) << row.path;
    EXPECT_EQ(raw.status, row.raw.empty() ? json_lookup::absent : json_lookup::found) << row.path;
    ASSERT_EQ(value != nullptr, !row.raw.empty()) << row.path;
    if (value != nullptr) {
      EXPECT_EQ(*value, boost::json::parse(raw.text)) << row.path;
    }
  }
  EXPECT_EQ(json_path("$").raw(" 7 ").text, "7");
}

TEST(json_path, the_raw_form_reads_no_further_than_it_must) {
  EXPECT_EQ(json_path("$.id").raw("{\"id\":1,garbage").text, "1");
  EXPECT_EQ(json_path("$.a").raw("{\"a\":1,\"a\":2}").text, "1");
}

TEST(json_path, hostile_documents_are_named_for_what_they_are) {
  const json_path path("$.a.b");
  EXPECT_EQ(path.raw("").status, json_lookup::malformed);
  EXPECT_EQ(path.raw("<html>").status, json_lookup::malformed);
  EXPECT_EQ(path.raw("{\"a\":{\"b\":").status, json_lookup::malformed);
  EXPECT_EQ(path.raw("{\"x\":" + std::string(100'000, '[')).status, json_lookup::too_deep);
  EXPECT_EQ(path.raw("{\"a\":{\"b\":" + std::string(100'000, '[')).status, json_lookup::too_deep);
  EXPECT_EQ(path.raw("{\"a\":{\"x\":1 \"b\":2}}").status, json_lookup::malformed);
  EXPECT_EQ(path.raw("{\"a\":[{]}").status, json_lookup::malformed);
  // Any cut of a sound document is malformed or, where the value came whole, found.
  const json_path deep("$.orders[1].sum");
  for (std::size_t size = 0; size < document.size(); ++size) {
    const auto cut = deep.raw(document.substr(0, size));
    EXPECT_NE(cut.status, json_lookup::absent) << size;
  }
}

TEST(json_path, a_bad_path_names_the_column) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"", "'$' is missing at column 1"},
      {"id", "'$' is missing at column 1"},
      {"$.", "a name is missing at column 3"},
      {"$id", "'.' or '[' is missing at column 2"},
      {"$.a[", "an index or a name in quotation marks is missing at column 5"},
      {"$.a[1", "']' is missing at column 6"},
      {"$['a", "the quotation mark is not closed at column 5"},
      {"$[99999999999]", "the index is too large at column 3"},
      {"$.a[*]", "an index or a name in quotation marks is missing at column 5"},
      {"$..a", "a name is missing at column 3"}};
  for (const auto& [text, message] : table) {
    try {
      const json_path path(text, lakh::input_place("plan.yaml", 3, 9));
      ADD_FAILURE() << text;
    } catch (const lakh::input_error& e) {
      EXPECT_NE(std::string(e.what()).find(message), std::string::npos) << e.what();
      EXPECT_EQ(std::string(e.what()).find("plan.yaml:3:"), 0U) << e.what();
    }
  }
  std::string endless = "$";
  for (int i = 0; i < 1000; ++i) endless += ".a";
  EXPECT_THROW(json_path{endless}, lakh::input_error);
}

}  // namespace
