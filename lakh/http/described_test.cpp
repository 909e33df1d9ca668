#include <lakh/http/bounded.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace lakh::http {
namespace {

enum class state { open, paid };
BOOST_DESCRIBE_ENUM(state, open, paid)

struct line {
  std::string sku;
  ranged<int, 1, 999> quantity;
  friend bool operator==(const line&, const line&) = default;
};
BOOST_DESCRIBE_STRUCT(line, (), (sku, quantity))

struct stamped {
  std::int64_t id = 0;
};
BOOST_DESCRIBE_STRUCT(stamped, (), (id))

struct order : stamped {
  text<1, 10> customer;
  list<line, 1, 2> lines;
  std::optional<double> discount;
  state status = state::open;
  bool gift = false;
};
BOOST_DESCRIBE_STRUCT(order, (stamped), (customer, lines, discount, status, gift))

struct tree {
  std::vector<tree> children;
};
BOOST_DESCRIBE_STRUCT(tree, (), (children))

struct lenient {
  int a = 0;
};
BOOST_DESCRIBE_STRUCT(lenient, (), (a))

struct empty {};
BOOST_DESCRIBE_STRUCT(empty, (), ())

struct all_optional {
  std::optional<int> a;
  std::optional<int> b;
};
BOOST_DESCRIBE_STRUCT(all_optional, (), (a, b))

}  // namespace

template <> inline constexpr bool allows_unknown_fields<lenient> = true;

namespace {

using status = json_outcome::status_code;

// The faults as "place: expected | got", one a line.
template <class T> std::string faults(std::string_view text) {
  T value{};
  field_errors errors;
  const json_outcome outcome = read_json(text, value, errors);
  std::string out;
  if (outcome.status != status::ok) out = "not JSON at " + std::to_string(outcome.offset);
  for (const field_error& e : errors) out += (out.empty() ? "" : "\n") + e.place + ": " + e.expected + " | " + e.got;
  return out;
}

TEST(described, what_is_written_reads_back) {
  order before;
  before.id = -7;
  before.customer = "Mei \"\xe7\x8e\x8b\"";
  before.lines = {{"A\n", 1}, {"B", 999}};
  before.status = state::paid;
  const std::string text = to_json(before);
  EXPECT_EQ(text,
            "{\"id\":-7,\"customer\":\"Mei \\\"\xe7\x8e\x8b\\\"\",\"lines\":[{\"sku\":\"A\\n\",\"quantity\":1},"
            "{\"sku\":\"B\",\"quantity\":999}],\"status\":\"paid\",\"gift\":false}");
  order after;
  field_errors errors;
  EXPECT_EQ(read_json(text, after, errors).status, status::ok);
  EXPECT_TRUE(errors.empty());
  EXPECT_EQ(after.id, -7);
  EXPECT_EQ(after.customer, before.customer);
  EXPECT_EQ(after.lines.values(), before.lines.values());
  EXPECT_FALSE(after.discount);
  EXPECT_EQ(after.status, state::paid);
}

TEST(described, all_faults_are_told_at_once_with_their_places) {
  EXPECT_EQ(faults<order>(R"({"id":1.5,"customer":"","lines":[{"sku":7,"quantity":0},{"quantity":1e2}],"status":"sold",
                              "gift":"yes","discount":"x","colour":"red"})"),
            "body.id: an integer | 1.5\n"
            "body.customer: a string of 1 to 10 characters | \"\"\n"
            "body.lines[0].sku: a string | 7\n"
            "body.lines[0].quantity: an integer from 1 to 999 | 0\n"
            "body.lines[1].quantity: an integer from 1 to 999 | 1e2\n"
            "body.lines[1].sku: a string | nothing\n"
            "body.status: one of 'open', 'paid' | \"sold\"\n"
            "body.gift: true or false | \"yes\"\n"
            "body.discount: a number | \"x\"\n"
            "body.colour: no such field | \"red\"");
}

TEST(described, what_is_missing_given_twice_or_misspelt_is_told) {
  EXPECT_EQ(faults<line>("{}"), "body.sku: a string | nothing\nbody.quantity: an integer from 1 to 999 | nothing");
  EXPECT_EQ(faults<line>(R"({"sku":"a","quantity":1,"sku":"b"})"), "body.sku: to be given once | \"b\"");
  EXPECT_EQ(faults<line>(R"({"sku":"a","quantty":1,"quantity":1})"),
            "body.quantty: no such field; did you mean 'quantity'? | 1");
  EXPECT_EQ(faults<line>("[]"), "body: an object | an array");
  EXPECT_EQ(faults<line>("null"), "body: an object | null");
}

TEST(described, members_come_in_any_order_with_escaped_names) {
  EXPECT_EQ(faults<line>(R"( { "quantity" : 1 , "sk\u0075" : "x" } )"), "");
}

TEST(described, an_optional_may_be_left_out_or_null) {
  EXPECT_EQ(faults<all_optional>("{}"), "");
  EXPECT_EQ(faults<all_optional>(R"({"a":null,"b":3})"), "");
  EXPECT_EQ(to_json(all_optional{}), "{}");
  EXPECT_EQ(to_json(all_optional{{}, 3}), R"({"b":3})");
  EXPECT_EQ(to_json(empty{}), "{}");
}

TEST(described, unknown_fields_pass_where_the_type_allows_them) {
  EXPECT_EQ(faults<lenient>(R"({"a":1,"b":[{"c":2}]})"), "");
}

TEST(described, lists_have_bounds) {
  EXPECT_EQ((faults<list<int, 1, 2>>("[]")), "body: an array of 1 to 2 items | 0");
  EXPECT_EQ((faults<list<int, 1, 2>>("[1]")), "");
  EXPECT_EQ((faults<list<int, 1, 2>>("[1,2]")), "");
  EXPECT_EQ((faults<list<int, 1, 2>>("[1,2,3]")), "body: an array of 1 to 2 items | more");
  EXPECT_EQ((faults<list<int, 1, 2>>("[1,2,3,4,5,\"x\"]")), "body: an array of 1 to 2 items | more");
  EXPECT_EQ((faults<list<int, 0, 2>>("{}")), "body: an array of 0 to 2 items | an object");
}

TEST(described, texts_count_characters_not_bytes) {
  EXPECT_EQ((faults<text<1, 2>>("\"\xe7\x8e\x8b\xe7\x8e\x8b\"")), "");
  EXPECT_NE((faults<text<1, 2>>("\"abc\"")), "");
  EXPECT_NE((faults<text<3, 9>>("\"\xe7\x8e\x8b\xe7\x8e\x8b\"")), "");
}

TEST(described, integers_keep_to_their_type) {
  EXPECT_EQ(faults<std::int8_t>("127"), "");
  EXPECT_EQ(faults<std::int8_t>("128"), "body: an integer from -128 to 127 | 128");
  EXPECT_EQ(faults<std::uint64_t>("18446744073709551615"), "");
  EXPECT_EQ(faults<std::uint64_t>("18446744073709551616"), "body: an integer from 0 | 18446744073709551616");
  EXPECT_EQ(faults<std::uint64_t>("-1"), "body: an integer from 0 | -1");
  EXPECT_EQ(faults<std::int64_t>("-9223372036854775808"), "");
  EXPECT_EQ(faults<std::int64_t>("1.0"), "body: an integer | 1.0");
  EXPECT_EQ((faults<ranged<int, -9, -1>>("0")), "body: an integer from -9 to -1 | 0");
}

TEST(described, numbers_that_json_cannot_write_become_null) {
  EXPECT_EQ(to_json(0.1), "0.1");
  EXPECT_EQ(to_json(1e300), "1e+300");
  EXPECT_EQ(to_json(std::nan("")), "null");
  EXPECT_EQ(to_json(std::numeric_limits<double>::infinity()), "null");
  EXPECT_NE(faults<double>("1e999"), "");
}

TEST(described, text_that_is_not_json_ends_the_reading) {
  EXPECT_EQ(faults<line>(""), "not JSON at 0");
  EXPECT_EQ(faults<line>("{"), "not JSON at 1");
  EXPECT_EQ(faults<line>(R"({"sku":"a")"), "not JSON at 10");
  EXPECT_EQ(faults<line>(R"({"sku":"a","quantity":1}x)"), "not JSON at 24");
  EXPECT_EQ(faults<line>(R"({"sku":"a","quantity":01})"), "not JSON at 22");
  EXPECT_EQ(faults<line>(R"({"sku":"a",})"), "not JSON at 11");
  EXPECT_EQ(faults<std::vector<int>>("[1,2"), "not JSON at 4");
  EXPECT_EQ(faults<std::string>("\"\xff\""), "not JSON at 1");
  EXPECT_EQ(faults<std::string>(R"("\ud800")"), "body: a string without lone surrogates | \"…\"");
}

TEST(described, depth_is_bounded_for_known_and_unknown_fields) {
  std::string known;
  for (int i = 0; i < 40; ++i) known += R"({"children":[)";
  tree value;
  field_errors errors;
  EXPECT_EQ(read_json(known, value, errors).status, status::too_deep);
  const std::string unknown = R"({"b":)" + std::string(100'000, '[');
  lenient other;
  EXPECT_EQ(read_json(unknown, other, errors).status, status::too_deep);
}

TEST(described, faults_are_bounded) {
  std::string text = "[";
  for (int i = 0; i < 5000; ++i) text += "\"x\",";
  text += "1]";
  std::vector<int> value;
  field_errors errors;
  EXPECT_EQ(read_json(text, value, errors).status, status::ok);
  EXPECT_EQ(errors.size(), field_errors::most);
  EXPECT_LT(shortened(std::string(1000, 'x')).size(), 60U);
}

TEST(described, a_program_s_own_values_are_held_to_the_bounds) {
  EXPECT_THROW((text<1, 3>("")), input_error);
  EXPECT_THROW((ranged<int, 1, 3>(4)), input_error);
  EXPECT_THROW((list<int, 1, 1>{1, 2}), input_error);
}

TEST(described, schemas_say_what_is_read) {
  schema_set set;
  std::string out;
  value_codec<order>::schema(out, set);
  EXPECT_EQ(out, R"({"$ref":"#/components/schemas/order"})");
  std::string all;
  set.append(all);
  EXPECT_EQ(all, R"({"order":{"type":"object","properties":{"id":{"type":"integer"},)"
                 R"("customer":{"type":"string","minLength":1,"maxLength":10},)"
                 R"("lines":{"type":"array","items":{"$ref":"#/components/schemas/line"},"minItems":1,"maxItems":2},)"
                 R"("discount":{"type":"number"},"status":{"type":"string","enum":["open","paid"]},)"
                 R"("gift":{"type":"boolean"}},"required":["id","customer","lines","status","gift"],)"
                 R"("additionalProperties":false},"line":{"type":"object","properties":{"sku":{"type":"string"},)"
                 R"("quantity":{"type":"integer","minimum":1,"maximum":999}},"required":["sku","quantity"],)"
                 R"("additionalProperties":false}})");
}

TEST(described, a_type_that_contains_itself_has_a_schema) {
  schema_set set;
  std::string out;
  value_codec<tree>::schema(out, set);
  out.clear();
  set.append(out);
  EXPECT_EQ(out,
            R"({"tree":{"type":"object","properties":{"children":{"type":"array",)"
            R"("items":{"$ref":"#/components/schemas/tree"}}},"required":["children"],"additionalProperties":false}})");
}

TEST(described, component_names_are_short_and_plain) {
  EXPECT_EQ(component_name("shop::order_view"), "order_view");
  EXPECT_EQ(component_name("(anonymous namespace)::order"), "order");
  EXPECT_EQ(component_name("shop::{anonymous}::order"), "order");
  EXPECT_EQ(component_name("shop::page<shop::order_view>"), "page_order_view");
  EXPECT_EQ(component_name("shop::order_view", true), "shop.order_view");
  EXPECT_EQ(component_name("main()::local"), "local");
}

}  // namespace
}  // namespace lakh::http
