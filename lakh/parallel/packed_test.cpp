#include <lakh/core/error.hpp>
#include <lakh/parallel/packed.hpp>

#include <gtest/gtest.h>

#include <deque>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>

namespace packed_things {

enum class colour : std::uint8_t { red = 1, blue = 7 };
BOOST_DESCRIBE_ENUM(colour, red, blue)
enum class plain : std::int16_t { any };
enum bare { first = 1, second = 2 };  // to which not every number can be made
BOOST_DESCRIBE_ENUM(bare, first, second)
static_assert(lakh::detail::any_number_enum<plain> && !lakh::detail::any_number_enum<bare>);

struct base {
  std::string name;
  bool operator==(const base&) const = default;
};
BOOST_DESCRIBE_STRUCT(base, (), (name))

struct parcel : base {
  int quantity = 0;
  std::optional<double> weight;
  colour paint = colour::red;
  std::vector<std::string> notes;
  bool operator==(const parcel&) const = default;
};
BOOST_DESCRIBE_STRUCT(parcel, (base), (quantity, weight, paint, notes))

struct renamed : base {
  int count = 0;
  std::optional<double> weight;
  colour paint = colour::red;
  std::vector<std::string> notes;
};
BOOST_DESCRIBE_STRUCT(renamed, (base), (count, weight, paint, notes))

struct tree {
  int value = 0;
  std::vector<tree> children;
  bool operator==(const tree&) const = default;
};
BOOST_DESCRIBE_STRUCT(tree, (), (value, children))

struct hidden {
  explicit hidden(int v) : value_(v) {}
  [[nodiscard]] int value() const { return value_; }

 private:
  int value_;
};

}  // namespace packed_things

template <> struct lakh::packer<packed_things::hidden> {
  static constexpr std::size_t least = 4;
  static void write(std::string& out, const packed_things::hidden& value) { packer<int>::write(out, value.value()); }
  static packed_things::hidden read(unpacker& in) { return packed_things::hidden(packer<int>::read(in)); }
};

namespace {

using namespace packed_things;
using lakh::pack;
using lakh::unpack;

template <class T> void returns(const T& value) {
  EXPECT_EQ(unpack<T>(pack(value)), value);
}

using everything = std::tuple<parcel, std::map<std::string, int>, std::variant<int, std::string>, std::vector<bool>,
                              std::array<std::uint16_t, 3>, std::optional<std::pair<char, double>>, std::set<long>>;

everything sample() {
  parcel p;
  p.name = "tea";
  p.quantity = -3;
  p.weight = 0.25;
  p.paint = colour::blue;
  p.notes = {"", "fragile"};
  return {p, {{"a", 1}, {"b", 2}}, "text", {true, false, true}, {{1, 2, 65535}}, std::pair('x', 1e300), {-1, 5}};
}

TEST(packed, values_of_every_kind_come_back) {
  returns(true);
  returns(std::numeric_limits<std::int64_t>::min());
  returns(std::numeric_limits<std::uint8_t>::max());
  returns(-0.5F);
  returns(std::string("a\0b", 3));
  returns(std::string(1000, 'x'));
  returns(std::vector<int>{});
  returns(std::vector<int>{1, -2, 3});
  returns(std::deque<std::string>{"one", "two"});
  returns(std::unordered_map<int, std::vector<std::string>>{{1, {"a"}}, {2, {}}});
  returns(std::multimap<int, int>{{1, 1}, {1, 2}});
  returns(std::array<std::array<int, 2>, 2>{{{{1, 2}}, {{3, 4}}}});
  returns(std::tuple<>());
  returns(std::monostate());
  returns(std::optional<std::string>());
  returns(std::variant<std::monostate, int>());
  returns(std::chrono::milliseconds(-5));
  returns(std::chrono::sys_time<std::chrono::nanoseconds>(std::chrono::nanoseconds(7)));
  returns(plain(300));
  returns(colour::blue);
  returns(tree{1, {tree{2, {}}, tree{3, {tree{4, {}}}}}});
  returns(sample());
  EXPECT_EQ(unpack<hidden>(pack(hidden(9))).value(), 9);
}

TEST(packed, several_values_stand_one_after_the_other) {
  const std::string bytes = pack(1, std::string("two"), 3.0);
  const auto [one, two, three] = unpack<int, std::string, double>(bytes);
  EXPECT_EQ(one, 1);
  EXPECT_EQ(two, "two");
  EXPECT_EQ(three, 3.0);
  lakh::unpacker in(bytes);
  EXPECT_EQ(in.next<int>(), 1);
  EXPECT_THROW(in.finish(), lakh::input_error);
}

TEST(packed, is_small_and_little_endian) {
  EXPECT_EQ(pack(std::uint32_t{0x01020304}), "\4\3\2\1");
  EXPECT_EQ(pack(std::string("abc")), "\3abc");
  EXPECT_EQ(pack(std::string(200, 'x')).substr(0, 2), "\xc8\1");
  EXPECT_EQ(pack(std::optional<int>()).size(), 1U);
}

TEST(packed, whatever_is_cut_or_has_something_behind_it_is_refused) {
  const std::string whole = pack(sample());
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_THROW((void)unpack<everything>(whole.substr(0, length)), lakh::input_error) << length;
  EXPECT_THROW((void)unpack<everything>(whole + 'x'), lakh::input_error);
}

TEST(packed, every_flipped_bit_gives_a_value_or_a_refusal) {
  const std::string whole = pack(sample());
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string bent = whole;
    bent[bit / 8] = static_cast<char>(bent[bit / 8] ^ (1 << (bit % 8)));
    try {
      // What it reads, it writes again as something that reads the same.
      const auto value = unpack<everything>(bent);
      EXPECT_EQ(pack(unpack<everything>(pack(value))), pack(value));
    } catch (const lakh::input_error&) {
    }
  }
}

TEST(packed, lengths_are_not_believed) {
  std::string huge;
  lakh::detail::write_varint(huge, std::numeric_limits<std::uint64_t>::max());
  EXPECT_THROW((void)unpack<std::string>(huge), lakh::input_error);
  EXPECT_THROW((void)unpack<std::vector<int>>(huge), lakh::input_error);
  EXPECT_THROW((void)unpack<std::vector<std::string>>(huge), lakh::input_error);
  EXPECT_THROW((void)unpack<std::string>(std::string(9, '\xff') + '\x02'), lakh::input_error);
  EXPECT_THROW((void)unpack<std::string>(std::string(20, '\xff')), lakh::input_error);
  // So many strings as there are bytes: they are not all set aside before they are seen.
  std::string many;
  lakh::detail::write_varint(many, 1U << 20U);
  many.append(1U << 20U, '\x7f');
  EXPECT_THROW((void)unpack<std::vector<std::string>>(many), lakh::input_error);
}

TEST(packed, what_is_out_of_range_is_refused) {
  EXPECT_THROW((void)unpack<bool>("\2"), lakh::input_error);
  EXPECT_THROW((void)unpack<colour>("\2"), lakh::input_error);
  EXPECT_EQ(unpack<bare>(pack(second)), second);
  EXPECT_THROW((void)unpack<bare>(pack(1000U)), lakh::input_error);
  EXPECT_THROW((void)unpack<std::optional<int>>(pack('\2', 1)), lakh::input_error);
  EXPECT_THROW((void)(unpack<std::variant<int, char>>("\2")), lakh::input_error);
  EXPECT_THROW((void)(unpack<std::map<char, char>>(pack(std::multimap<char, char>{{'a', 'b'}, {'a', 'c'}}))),
               lakh::input_error);
}

TEST(packed, a_tree_that_is_too_deep_is_refused_before_the_stack_ends) {
  tree deep;
  for (int i = 0; i < 150; ++i) deep = tree{i, {deep}};
  returns(deep);
  std::string endless;
  for (int i = 0; i < 1'000'000; ++i) endless += pack(i) + '\1';
  EXPECT_THROW((void)unpack<tree>(endless), lakh::input_error);
}

TEST(packed, layouts_differ_where_bytes_would_mean_something_else) {
  EXPECT_EQ(lakh::layout_digest<parcel>(), lakh::layout_digest<parcel>());
  EXPECT_NE(lakh::layout_digest<parcel>(), lakh::layout_digest<renamed>());
  EXPECT_NE(lakh::layout_digest<int>(), lakh::layout_digest<unsigned>());
  EXPECT_NE(lakh::layout_digest<int>(), lakh::layout_digest<long>());
  EXPECT_NE((lakh::layout_digest<std::pair<int, int>, int>()), (lakh::layout_digest<int, std::pair<int, int>>()));
  EXPECT_NE(lakh::layout_digest<std::chrono::seconds>(), lakh::layout_digest<std::chrono::milliseconds>());
  EXPECT_NE(lakh::layout_digest<tree>(), lakh::layout_digest<base>());
  EXPECT_NE(lakh::layout_digest<colour>(), lakh::layout_digest<std::uint8_t>());
}

static_assert(lakh::packable<parcel>);
static_assert(lakh::packable<tree>);
static_assert(!lakh::packable<int*>);
static_assert(!lakh::packable<std::string_view>);
static_assert(!lakh::packable<long double>);

}  // namespace
