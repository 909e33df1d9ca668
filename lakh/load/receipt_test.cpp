// The receipt and what verifying it finds: nothing in a run that is as it was written, and everything else.
#include <lakh/core/unique_fd.hpp>
#include <lakh/load/digest.hpp>
#include <lakh/load/ledger.hpp>
#include <lakh/load/receipt.hpp>
#include <lakh/load/receipt_check.hpp>
#include <lakh/load/receipt_for_test.hpp>
#include <lakh/load/receipt_json.hpp>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

namespace lakh::load {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// ---- canonical JSON

std::string canonical(std::string_view text) {
  return canonical_json(boost::json::parse(text));
}

TEST(canonical_json, sorts_members_and_leaves_out_spaces) {
  EXPECT_EQ(canonical(R"( { "b" : [ 1 , -2, true, null ], "a" : { "y":"", "x":{} } } )"),
            R"({"a":{"x":{},"y":""},"b":[1,-2,true,null]})");
}

TEST(canonical_json, writes_a_text_in_one_way) {
  EXPECT_EQ(canonical(R"("\u0041\/\u00e9\ud83d\ude00\b\f\n\r\t\u0001\u001f\u007f\"\\")"),
            "\"A/\u00e9\U0001F600\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\\"\\\\\"");
}

// RFC 8785 §3.2.3 gives this example.
TEST(canonical_json, sorts_by_utf_16_code_units) {
  EXPECT_EQ(canonical(R"({"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7})"),
            "{\"\\r\":2,\"1\":4,\"\u0080\":6,\"\u00f6\":7,\"\u20ac\":1,\"\U0001F600\":5,\"\ufb33\":3}");
}

TEST(canonical_json, takes_whole_numbers_only_and_those_that_every_reader_takes_exactly) {
  EXPECT_EQ(canonical("[9007199254740991,-9007199254740991,0]"), "[9007199254740991,-9007199254740991,0]");
  for (const char* text : {"9007199254740992", "-9007199254740992", "1.5", "1e3", "18446744073709551615"})
    EXPECT_THROW((void)canonical(text), std::invalid_argument) << text;
}

// ---- the receipt of a run

class receipt_of_a_run : public run_for_test {
 protected:
  [[nodiscard]] std::vector<std::string> wrong_subjects(std::string_view signer = {}) const {
    std::vector<std::string> subjects;
    for (const run_check& check : verify_run(folder(), signer).checks)
      if (check.result == check_result::wrong) subjects.push_back(check.subject);
    return subjects;
  }
  [[nodiscard]] check_result verdict() const { return verify_run(folder()).verdict(); }
};

TEST_F(receipt_of_a_run, says_what_was_asked_and_what_became_of_it) {
  write_run();
  const auto found = read_receipt(folder());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->title, "orders");
  EXPECT_EQ(found->requested, 10U);
  EXPECT_EQ(found->result.confirmed, 8U);
  EXPECT_EQ(found->feeds.at(0).name, "customers");
  EXPECT_EQ(found->feeds.at(0).sha256, digest_of("name\nAda\n"));
  EXPECT_EQ(found->plan_digest, digest_of(run_folder::read_plan(folder())));
  ASSERT_EQ(found->ledger.files.size(), 1U);
  EXPECT_EQ(found->ledger.files[0].name, "ledger-0.db");
  EXPECT_TRUE(found->ledger.files[0].closed);
  EXPECT_EQ(found->ledger.sessions.at(0).writers, 1U);
  EXPECT_EQ(found->reconciled->listed, 8U);
  EXPECT_EQ(found->digest, digest_of(receipt_bytes(*found)));
  EXPECT_TRUE(found->signature.empty());
}

TEST_F(receipt_of_a_run, is_its_own_canonical_form) {
  write_run();
  const std::string text = read("receipt.json");
  EXPECT_EQ(canonical(text) + "\n", text);
  auto object = boost::json::parse(text).as_object();
  object.erase("digest");
  EXPECT_EQ(digest_of(canonical_json(object)), read_receipt(folder())->digest);
  EXPECT_EQ(digest_of_file(folder() / "receipt.json"), digest_of(text));
}

TEST_F(receipt_of_a_run, has_no_password_of_the_target) {
  write_run();
  EXPECT_EQ(read("receipt.json").find("hunter2"), std::string::npos);
  EXPECT_EQ(read_receipt(folder())->target, "http://***@shop.example:8080");
}

TEST_F(receipt_of_a_run, holds_whatever_a_person_called_it) {
  info_.title = "caf\xc3\xa9 \xff \x01 \"x\" \\ \xf0\x9f\x98\x80";
  receipt made;
  made.title = info_.title;
  EXPECT_THAT(seal(made, nullptr), HasSubstr("caf\xc3\xa9 \xef\xbf\xbd \\u0001 \\\"x\\\" \\\\ \xf0\x9f\x98\x80"));
}

TEST_F(receipt_of_a_run, is_in_order_if_nothing_was_changed) {
  write_run();
  const run_verification found = verify_run(folder());
  EXPECT_EQ(found.verdict(), check_result::ok) << described(found);
  EXPECT_EQ(found.computed->confirmed, 8U);
  EXPECT_FALSE(found.alive);
  EXPECT_EQ(found.receipt_digest, digest_of(read("receipt.json")));
}

TEST_F(receipt_of_a_run, without_it_the_rest_is_checked) {
  write_run();
  std::filesystem::remove(folder() / "receipt.json");
  const run_verification found = verify_run(folder());
  EXPECT_EQ(found.verdict(), check_result::open) << described(found);
  EXPECT_TRUE(found.computed->holds());
}

TEST_F(receipt_of_a_run, a_run_that_goes_on_is_checked_as_far_as_it_is) {
  write_run();
  const run_folder held = run_folder::open(folder());
  const run_verification found = verify_run(folder());
  EXPECT_TRUE(found.alive);
  EXPECT_EQ(found.verdict(), check_result::open) << described(found);
}

TEST_F(receipt_of_a_run, a_session_after_it_leaves_it_true_of_its_own) {
  write_run();
  begin_session(2, 1);
  const run_verification found = verify_run(folder());
  EXPECT_EQ(found.verdict(), check_result::open) << described(found);
  EXPECT_EQ(found.computed->unknown, 0U) << "the later session counts";
  EXPECT_EQ(found.found->result.unknown, 1U) << "the receipt speaks of its own";
}

TEST_F(receipt_of_a_run, another_ledger_file_than_it_knows_is_named) {
  write_run();
  begin_session(1, 1);
  EXPECT_THAT(wrong_subjects(), testing::Contains("ledger-1.db"));
}

TEST_F(receipt_of_a_run, a_ledger_file_that_is_gone_is_named) {
  write_run();
  std::filesystem::remove(folder() / "ledger-0.db");
  EXPECT_THAT(wrong_subjects(), testing::Contains("ledger-0.db"));
}

// Entries cut off at the end of a ledger that was never closed leave a chain that fits: the receipt knows better.
TEST_F(receipt_of_a_run, entries_that_are_missing_at_the_end_of_an_open_ledger_are_missed) {
  write_run(without_closing);
  EXPECT_EQ(verdict(), check_result::ok);
  {
    sql::database db(folder() / "ledger-0.db");
    db.execute("DELETE FROM batch WHERE id = (SELECT max(id) FROM batch)");
  }
  EXPECT_THAT(wrong_subjects(), testing::Contains("ledger-0.db"));
}

TEST_F(receipt_of_a_run, what_was_changed_is_named) {
  write_run();
  const auto changed = [&](const char* file, const char* from, const char* to) {
    const std::string before = read(file);
    std::string after = before;
    const std::size_t at = after.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    after.replace(at, std::string_view(from).size(), to);
    write(file, after);
    const std::vector<std::string> subjects = wrong_subjects();
    write(file, before);
    return subjects;
  };
  EXPECT_THAT(changed("plan.yaml", "orders", "0rders"), testing::Contains("plan.yaml"));
  EXPECT_THAT(changed("receipt.json", R"("confirmed":8)", R"("confirmed":9)"), ElementsAre("receipt.json"));
  EXPECT_THAT(changed("receipt.json", "{", "{ "), ElementsAre("receipt.json"));
  EXPECT_THAT(changed("run.json", "orders", "0rders"), ElementsAre("receipt.json"));
  EXPECT_THAT(changed("run.json", R"("confirmed":8)", R"("confirmed":9)"), ElementsAre("run.json"));
  EXPECT_THAT(changed("../customers.csv", "Ada", "Bob"), ElementsAre("feed customers"));
  EXPECT_THAT(changed("ledger-0.db", "ord_7", "ord_8"), ElementsAre("ledger-0.db"));
  std::filesystem::remove(folder() / "../customers.csv");
  EXPECT_EQ(verdict(), check_result::ok) << "a feed that is gone proves nothing";
}

TEST_F(receipt_of_a_run, a_damaged_run_json_does_not_keep_the_rest_from_being_checked) {
  write_run();
  write("run.json", "{");
  EXPECT_THAT(wrong_subjects(), ElementsAre("run.json"));
  EXPECT_EQ(verify_run(folder()).computed->confirmed, 8U);
}

// Whoever rewrites the digest as well needs the ledger to agree.
TEST_F(receipt_of_a_run, a_forged_receipt_is_found_out_by_the_ledger) {
  write_run();
  receipt forged = *read_receipt(folder());
  forged.result.confirmed = 10;
  forged.result.failed = forged.result.unknown = 0;
  write("receipt.json", seal(forged, nullptr));
  EXPECT_THAT(wrong_subjects(), ElementsAre("receipt.json"));
  forged = *read_receipt(folder());
  forged.result = verify_run(folder()).computed.value();
  forged.ledger.files[0].head = std::string(64, '0');
  write("receipt.json", seal(forged, nullptr));
  EXPECT_THAT(wrong_subjects(), testing::Contains("ledger-0.db"));
}

TEST_F(receipt_of_a_run, that_is_no_receipt_or_of_a_later_format_is_told) {
  write_run();
  const std::string before = read("receipt.json");
  for (const char* text : {"", "{}", "[]", "null", "{", R"({"kind":"lakh receipt","format":2})",
                           R"({"kind":"other","format":1})", R"({"kind":"lakh receipt","format":1})"}) {
    write("receipt.json", text);
    EXPECT_THROW((void)read_receipt(folder()), storage_error) << text;
    EXPECT_THAT(wrong_subjects(), ElementsAre("receipt.json")) << text;
  }
  write("receipt.json", before + before);
  EXPECT_THAT(wrong_subjects(), ElementsAre("receipt.json"));
}

// ---- signatures

TEST_F(receipt_of_a_run, may_be_signed) {
  write_run(with_key);
  const std::string signer = read_public_key(public_key_file());
  EXPECT_EQ(signer, read_public_key(key_file())) << "of a private key, its public half";
  EXPECT_THAT(wrong_subjects(signer), ElementsAre());
  EXPECT_THAT(wrong_subjects(), ElementsAre());
  EXPECT_THAT(read(public_key_file()), HasSubstr(signer)) << "it is the line of the PEM file";
}

TEST_F(receipt_of_a_run, is_not_believed_without_the_signature_that_is_wanted) {
  write_run();
  make_keys();
  const std::string signer = read_public_key(public_key_file());
  EXPECT_THAT(wrong_subjects(signer), ElementsAre("signature"));
  receipt made = *read_receipt(folder());
  make_keys();  // somebody else's
  const signing_key other = signing_key::read(key_file());
  write("receipt.json", seal(made, &other));
  EXPECT_EQ(verdict(), check_result::ok);
  EXPECT_THAT(wrong_subjects(signer), ElementsAre("signature"));
  made.signature[0] = made.signature[0] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(signature_holds(made.public_key, made.signature, receipt_bytes(made)));
}

TEST_F(receipt_of_a_run, keys_that_cannot_sign_are_refused_before_anything_is_sent) {
  make_keys();
  EXPECT_THROW((void)signing_key::read(folder_of_runs() / "nothing.pem"), input_error);
  EXPECT_THROW((void)signing_key::read(public_key_file()), input_error);
  write(folder_of_runs() / "text.pem", "hello");
  EXPECT_THROW((void)signing_key::read(folder_of_runs() / "text.pem"), input_error);
  EXPECT_THROW((void)read_public_key(folder_of_runs() / "text.pem"), input_error);
  write(folder_of_runs() / "long.pem", std::string(100'000, 'x'));
  EXPECT_THROW((void)signing_key::read(folder_of_runs() / "long.pem"), input_error);
  write(folder_of_runs() / "rsa.pem", make_pem("RSA"));
  EXPECT_THROW((void)signing_key::read(folder_of_runs() / "rsa.pem"), input_error);
  write(folder_of_runs() / "locked.pem", make_pem("ED25519", "secret"));
  try {
    (void)signing_key::read(folder_of_runs() / "locked.pem");
    ADD_FAILURE();
  } catch (const input_error& caught) {
    EXPECT_THAT(caught.what(), HasSubstr("passphrase"));
  }
}

TEST(signature_holds, takes_nothing_but_a_key_and_a_signature_written_to_the_letter) {
  for (const char* key : {"", "A", "AAAA", "====", "not base64 at all", "MCowBQYDK2VwAyEA"})
    EXPECT_FALSE(signature_holds(key, "AAAA", "bytes")) << key;
}

}  // namespace
}  // namespace lakh::load
