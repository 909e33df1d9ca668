#include <lakh/load/feed.hpp>
#include <lakh/load/template.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>

#include <unistd.h>

namespace {

using namespace std::string_literals;
using namespace lakh::load;
using lakh::input_error;

std::vector<std::string> row_of(const feed& from, std::uint64_t row) {
  std::vector<std::string_view> cells(from.columns().size());
  std::string scratch;
  from.read(row, cells, scratch);
  return {cells.begin(), cells.end()};
}

using rows = std::vector<std::vector<std::string>>;

rows all_of(const feed& from) {
  rows all;
  for (std::uint64_t i = 0; i < from.rows(); ++i) all.push_back(row_of(from, i));
  return all;
}

TEST(feed, csv_by_rfc_4180) {
  const std::pair<std::string, rows> table[] = {
      {"a,b\n1,2\n", {{"1", "2"}}},
      {"a,b\r\n1,2\r\n3,4", {{"1", "2"}, {"3", "4"}}},
      {"\xef\xbb\xbf"
       "a,b\n1,2",
       {{"1", "2"}}},
      {"a,b\n\"1,x\",\"say \"\"hi\"\"\"\n", {{"1,x", "say \"hi\""}}},
      {"a,b\n\"line\r\nbreak\",\"\"\n,\n", {{"line\r\nbreak", ""}, {"", ""}}},
      {"a\n\n\r\nx\n\n", {{"x"}}},
      {"a,b\n\"\"\"\",\"\"\"\"\"\"\n", {{"\"", "\"\""}}},
      {"a,b\n王小明, x \n", {{"王小明", " x "}}},
  };
  for (const auto& [text, expected] : table) {
    const auto made = feed::from_text(text, feed_format::csv, "t.csv");
    EXPECT_EQ(all_of(*made), expected) << text;
  }
  const auto made = feed::from_text("\" full \"\"name\"\" \", b \n1,2", feed_format::csv, "t.csv");
  EXPECT_EQ(made->columns(), (std::vector<std::string>{"full \"name\"", "b"}));
}

TEST(feed, json_lines) {
  const auto made = feed::from_text(
      "{\"name\":\"Zo\\u00eb \\\"Z\\\"\",\"n\":5,\"t\":true,\"x\":null,\"o\":{\"a\":[1, 2]}}\r\n\n"
      " { \"o\" : [] , \"x\":\"\", \"t\":false, \"n\":-1.5e3, \"na\\u006de\":\"plain\" }",
      feed_format::json_lines, "t.jsonl");
  EXPECT_EQ(made->columns(), (std::vector<std::string>{"name", "n", "t", "x", "o"}));
  EXPECT_EQ(all_of(*made),
            (rows{{"Zoë \"Z\"", "5", "true", "null", "{\"a\":[1, 2]}"}, {"plain", "-1.5e3", "false", "", "[]"}}));
}

TEST(feed, mistakes_are_named_with_file_line_and_column) {
  using enum feed_format;
  struct {
    std::string text;
    feed_format format;
    std::string_view what;
  } const table[] = {
      {"", csv, "t: the file is empty"},
      {"\n\n", csv, "t: the file is empty"},
      {"a,b\n", csv, "t: the file has a header but no rows"},
      {"a,b\n1,2\n1\n", csv, "t:3: the row has 1 field, but the header has 2"},
      {"a,b\n\n1,2,3\n", csv, "t:3: the row has 3 fields, but the header has 2"},
      {"a,,c\n1,2,3\n", csv, "t:1:3: column 2 has no name"},
      {"a,b, a\n1,2,3\n", csv, "t:1:5: there are two columns 'a'"},
      {"a,b\n1,\"2\n3,4\n", csv, "t:2:3: this quotation mark is not closed"},
      {"a,b\n1,\"2\"x\n", csv, "t:2:6: a comma is missing after the closing quotation mark"},
      {"a,b\n1,x\"y\n", csv, "t:2:4: a quotation mark inside an unquoted field"},
      {"a,b\r1,2", csv, "t:1:4: a carriage return without a line feed"},
      {"a,b\n王,\xff\n", csv, "t:2:3: the text is not UTF-8 here"},
      {"\xff\xfe"
       "a\0"s,
       csv, "t:1:1: the text is not UTF-8 here"},
      {"", json_lines, "t: the file is empty"},
      {"{}", json_lines, "t:1: the object is empty"},
      {"[1]", json_lines, "t:1:1: a line must be a JSON object"},
      {"{\"a\":1}\n{\"a\":}", json_lines, "t:2:6: this is not JSON"},
      {"{\"a\":1}\n{\"a\":1} x", json_lines, "t:2:9: this is not JSON"},
      {"{\"a\":1}\n{\"b\":1}", json_lines, "t:2:2: the first line has no 'b'"},
      {"{\"a\":1,\"b\":2}\n{\"a\":1}", json_lines, "t:2: 'b' is missing"},
      {"{\"a\":1,\"b\":2}\n{\"a\":1,\"a\":2}", json_lines, "t:2:8: 'a' stands twice in this line"},
      {"{\"a\":1,\"a\":2}", json_lines, "t:1:8: there are two columns 'a'"},
      {"{\"\":1}", json_lines, "t:1:2: column 1 has no name"},
      {"{\"a\":\"\\ud800\"}", json_lines, "t:1:6: half of a surrogate pair"},
      {"{\"a\":" + std::string(100, '[') + "}", json_lines, "t:1:70: this is not JSON"},
  };
  for (const auto& row : table) {
    try {
      (void)feed::from_text(row.text, row.format, "t");
      ADD_FAILURE() << row.text;
    } catch (const input_error& e) {
      EXPECT_EQ(std::string(e.what()).substr(0, row.what.size()), row.what) << e.what();
    }
  }
}

TEST(feed, a_row_without_end_is_refused) {
  EXPECT_THROW((void)feed::from_text("a\n" + std::string((1U << 20) + 1, 'x'), feed_format::csv, "t"), input_error);
}

TEST(feed, rows_of_a_long_file_are_found) {
  std::string text = "n,twice\n";
  for (int i = 0; i < 1000; ++i) text += std::to_string(i) + ",\"" + std::to_string(2 * i) + "\"\n";
  const auto made = feed::from_text(text, feed_format::csv, "t");
  ASSERT_EQ(made->rows(), 1000U);
  for (const std::uint64_t row : {0U, 63U, 64U, 65U, 127U, 128U, 999U})
    EXPECT_EQ(row_of(*made, row), (std::vector<std::string>{std::to_string(row), std::to_string(2 * row)}));
}

TEST(feed, orders_are_functions_of_the_item) {
  for (std::uint64_t item = 0; item < 10; ++item) EXPECT_EQ(feed_row(feed_order::once, 10, item, 1), item);
  EXPECT_EQ(feed_row(feed_order::cycle, 10, 23, 1), 3U);
  std::set<std::uint64_t> shuffled;
  std::set<std::uint64_t> drawn;
  int moved = 0;
  for (std::uint64_t item = 0; item < 1000; ++item) {
    const auto row = feed_row(feed_order::shuffle, 1000, item, 5);
    EXPECT_LT(row, 1000U);
    shuffled.insert(row);
    moved += row != feed_row(feed_order::shuffle, 1000, item, 6) ? 1 : 0;
    drawn.insert(feed_row(feed_order::random, 1000, item, 5));
    EXPECT_EQ(feed_row(feed_order::random, 1000, item, 5), feed_row(feed_order::random, 1000, item, 5));
  }
  EXPECT_EQ(shuffled.size(), 1000U);
  EXPECT_GT(moved, 900);
  EXPECT_NEAR(static_cast<double>(drawn.size()), 632, 60);  // with replacement: 1 - 1/e of them
}

TEST(feed, too_few_rows_are_counted_for_the_user) {
  feed_set feeds;
  feeds.add("customers", feed::from_text("a\n1\n2\n", feed_format::csv, "c.csv"), feed_order::once);
  feeds.add("colours", feed::from_text("c\nred\n", feed_format::csv, "d.csv"), feed_order::cycle);
  EXPECT_EQ(feeds.capacity(), 2U);
  EXPECT_NO_THROW(feeds.check(2));
  try {
    feeds.check(5);
    ADD_FAILURE();
  } catch (const input_error& e) {
    EXPECT_STREQ(e.what(),
                 "c.csv: feed 'customers' has 2 rows, but the plan has 5 items and takes each row once (order: once)");
  }
}

TEST(feed, a_reader_fills_the_cells_that_templates_were_promised) {
  feed_set feeds;
  feeds.add("customers", feed::from_text("name,city\n\"A \"\"a\"\"\",X\nB,Y\n", feed_format::csv, "c"),
            feed_order::cycle);
  feeds.add("colours", feed::from_text("{\"c\":\"r\\ned\"}\n{\"c\":\"blue\"}\n", feed_format::json_lines, "d"),
            feed_order::once);
  template_scope scope;
  feeds.declare(scope);
  const text_template text("{{customers.city}} {{colours.c}} {{customers.name}}", text_format::plain, scope, "x");
  feed_reader reader(feeds, 1);
  std::string out;
  for (std::uint64_t item = 0; item < 2; ++item) {
    render_input input;
    input.cells = reader.read(item);
    ASSERT_TRUE(text.render(input, out));
    out += ';';
  }
  EXPECT_EQ(out, "X r\ned A \"a\";Y blue B;");
}

class feed_file : public testing::Test {
 protected:
  feed_file() : path(std::filesystem::temp_directory_path() / ("lakh_feed_test_" + std::to_string(::getpid()))) {}
  ~feed_file() override { std::filesystem::remove(path); }
  const std::filesystem::path path;
};

TEST_F(feed_file, its_digest_is_what_sha256sum_prints) {
  std::ofstream(path) << "a\n1\n";
  EXPECT_EQ(feed::open(path, feed_format::csv)->sha256(),
            "309b0e45a73d3fc5325e2b6ed0a01ef8b9cde6b05a5633c1f893f970d52bfddc");
}

TEST_F(feed_file, a_large_one_is_mapped_and_reads_the_same) {
  {
    std::ofstream out(path);
    out << "n,pad\n";
    const std::string pad(1000, 'p');
    for (int i = 0; i < 70'000; ++i) out << i << ",\"" << pad << "\"\n";
  }
  const auto made = feed::open(path, feed_format::csv);
  ASSERT_EQ(made->rows(), 70'000U);
  EXPECT_EQ(row_of(*made, 69'999)[0], "69999");
  EXPECT_EQ(row_of(*made, 35'000)[0], "35000");
}

TEST_F(feed_file, one_that_is_not_there_is_named) {
  try {
    (void)feed::open(path / "nowhere.csv", feed_format::csv);
    ADD_FAILURE();
  } catch (const lakh::error& e) {
    EXPECT_NE(std::string(e.what()).find("nowhere.csv"), std::string::npos);
  }
  EXPECT_THROW((void)feed::open(std::filesystem::temp_directory_path(), feed_format::csv), lakh::error);
}

}  // namespace
