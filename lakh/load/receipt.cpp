#include <lakh/core/clock.hpp>
#include <lakh/core/text.hpp>
#include <lakh/core/unique_fd.hpp>
#include <lakh/load/plan.hpp>
#include <lakh/load/receipt.hpp>
#include <lakh/load/receipt_json.hpp>
#include <lakh/load/run_json.hpp>

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <map>

#include <fcntl.h>
#include <unistd.h>

namespace lakh::load {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_receipt = 16 * 1024 * 1024;
constexpr const char* kind_name = "lakh receipt";

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& what) {
  throw storage_error(errc::storage_failure, file.string() + ": " + what,
                      "the file was changed or damaged: restore it from a copy");
}

// Texts come from command lines and answers, which may hold anything; JSON holds UTF-8.
std::string as_utf8(std::string_view text) {
  std::string out;
  for (;;) {
    const std::size_t bad = find_bad_utf8(text);
    out += text.substr(0, bad);
    if (bad == std::string_view::npos) return out;
    out += "\xef\xbf\xbd";
    text.remove_prefix(bad + 1);
  }
}

json::value or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(as_utf8(text));
}

json::value to_json(const reconciliation& both) {
  json::array examples;
  for (const std::string& one : both.examples) examples.emplace_back(as_utf8(one));
  return json::object{{"listed", both.listed},
                      {"matched", both.matched},
                      {"missing", both.missing},
                      {"duplicate", both.duplicate},
                      {"altered", both.altered},
                      {"unexpected", both.unexpected},
                      {"settled", both.settled},
                      {"absent", both.absent},
                      {"digests_compared", both.digests_compared},
                      {"examples", std::move(examples)},
                      {"milliseconds", std::llround(std::clamp(both.seconds, 0.0, 1e9) * 1000)}};
}

json::object asked(const receipt& of) {
  json::array feeds;
  for (const receipt_feed& feed : of.feeds)
    feeds.push_back(json::object{{"name", as_utf8(feed.name)}, {"sha256", feed.sha256}});
  return {{"run_id", of.run_id},
          {"title", as_utf8(of.title)},
          {"target", as_utf8(of.target)},
          {"requested", of.requested ? json::value(*of.requested) : json::value(nullptr)},
          {"seed", std::to_string(of.seed)},  // all 64 bits are used, more than a JSON number carries
          {"plan_digest", of.plan_digest},
          {"feeds", std::move(feeds)}};
}

json::object ledger(const receipt& of) {
  json::array sessions;
  for (const receipt_session& session : of.ledger.sessions) {
    sessions.push_back(json::object{{"number", session.number},
                                    {"writers", session.writers},
                                    {"started_at", session.started_at},
                                    {"ended_at", or_null(session.ended_at)}});
  }
  json::array files;
  for (const receipt_file& file : of.ledger.files) {
    files.push_back(json::object{{"file", file.name},
                                 {"session", file.session},
                                 {"writer", file.writer},
                                 {"entries", file.entries},
                                 {"closed", file.closed},
                                 {"head", file.head}});
  }
  return {{"digest", of.ledger.digest}, {"sessions", std::move(sessions)}, {"files", std::move(files)}};
}

// Without the three members that speak of the rest.
json::object to_json(const receipt& of) {
  return {{"kind", kind_name},
          {"format", receipt_format_version},
          {"lakh_version", of.lakh_version},
          {"asked", asked(of)},
          {"balance", to_json(of.result)},
          {"ledger", ledger(of)},
          {"reconciliation", of.reconciled ? to_json(*of.reconciled) : json::value(nullptr)},
          {"reconciliation_problem", or_null(of.reconcile_problem)},
          {"started_at", of.started_at},
          {"ended_at", or_null(of.ended_at)},
          {"written_at", of.written_at}};
}

std::string whole_text(const receipt& of) {
  json::object object = to_json(of);
  object["digest"] = of.digest;
  if (!of.public_key.empty() || !of.signature.empty()) {
    object["public_key"] = of.public_key;
    object["signature"] = of.signature;
  }
  return canonical_json(object) + "\n";
}

// ---- reading

// What from_json meets is made sure of afterwards, by writing it again: here it need only be readable.
reconciliation reconciliation_from(const json::object& object) {
  reconciliation both;
  both.listed = number_of(object, "listed");
  both.matched = number_of(object, "matched");
  both.missing = number_of(object, "missing");
  both.duplicate = number_of(object, "duplicate");
  both.altered = number_of(object, "altered");
  both.unexpected = number_of(object, "unexpected");
  both.settled = number_of(object, "settled");
  both.absent = number_of(object, "absent");
  both.digests_compared = object.at("digests_compared").as_bool();
  for (const json::value& one : object.at("examples").as_array()) both.examples.emplace_back(one.as_string());
  both.seconds = static_cast<double>(number_of(object, "milliseconds")) / 1000;
  return both;
}

void ledger_from(const json::object& object, receipt& into) {
  into.ledger.digest = text_of(object, "digest");
  for (const json::value& one : object.at("sessions").as_array()) {
    receipt_session session;
    session.number = one.at("number").to_number<std::uint32_t>();
    session.writers = one.at("writers").to_number<std::uint32_t>();
    session.started_at = text_of(one.as_object(), "started_at");
    session.ended_at = text_of(one.as_object(), "ended_at");
    into.ledger.sessions.push_back(std::move(session));
  }
  for (const json::value& one : object.at("files").as_array()) {
    receipt_file file;
    file.name = text_of(one.as_object(), "file");
    file.session = one.at("session").to_number<std::uint32_t>();
    file.writer = one.at("writer").to_number<std::uint32_t>();
    file.entries = number_of(one.as_object(), "entries");
    file.closed = one.at("closed").as_bool();
    file.head = text_of(one.as_object(), "head");
    into.ledger.files.push_back(std::move(file));
  }
}

receipt from_json(const json::object& object) {
  receipt made;
  const json::object& asked = object.at("asked").as_object();
  made.run_id = text_of(asked, "run_id");
  made.title = text_of(asked, "title");
  made.target = text_of(asked, "target");
  if (!asked.at("requested").is_null()) made.requested = number_of(asked, "requested");
  made.seed = std::stoull(text_of(asked, "seed"));
  made.plan_digest = text_of(asked, "plan_digest");
  for (const json::value& one : asked.at("feeds").as_array())
    made.feeds.push_back({text_of(one.as_object(), "name"), text_of(one.as_object(), "sha256")});
  made.result = balance_of(object.at("balance").as_object());
  ledger_from(object.at("ledger").as_object(), made);
  if (!object.at("reconciliation").is_null())
    made.reconciled = reconciliation_from(object.at("reconciliation").as_object());
  made.reconcile_problem = text_of(object, "reconciliation_problem");
  made.lakh_version = text_of(object, "lakh_version");
  made.started_at = text_of(object, "started_at");
  made.ended_at = text_of(object, "ended_at");
  made.written_at = text_of(object, "written_at");
  made.digest = text_of(object, "digest");
  if (object.contains("signature")) made.signature = text_of(object, "signature");
  if (object.contains("public_key")) made.public_key = text_of(object, "public_key");
  return made;
}

std::string read_text(const std::filesystem::path& file) {
  const unique_fd fd = open_file(file, O_RDONLY);
  std::string text;
  std::array<char, 16384> part;
  for (;;) {
    const ssize_t got = ::read(fd.get(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw storage_error(std::error_code(errno, std::generic_category()), file.string() + ": cannot read it");
    if (got == 0) return text;
    text.append(part.data(), static_cast<std::size_t>(got));
    if (text.size() > longest_receipt) refuse(file, "it is larger than 16 MB, no run writes such a receipt");
  }
}

std::vector<receipt_feed> feeds_of_plan(const std::filesystem::path& folder) {
  std::vector<receipt_feed> feeds;
  try {
    for (const feed_spec& spec : load_plan(folder / "plan.yaml").feeds) feeds.push_back({spec.name, spec.sha256});
  } catch (const input_error& caught) {
    throw storage_error(errc::storage_failure, caught.what(), caught.hint());
  }
  return feeds;
}

std::vector<receipt_session> sessions_of(std::span<const ledger_file> files) {
  std::map<std::uint32_t, receipt_session> sessions;
  std::map<std::uint32_t, bool> killed;
  for (const ledger_file& file : files) {
    receipt_session& session = sessions[file.identity.session];
    session.number = file.identity.session;
    ++session.writers;
    // RFC 3339 in UTC sorts as text.
    if (session.started_at.empty() || file.identity.created_at < session.started_at)
      session.started_at = file.identity.created_at;
    session.ended_at = std::max(session.ended_at, file.closed_at);
    if (!file.closed) killed[session.number] = true;
  }
  std::vector<receipt_session> in_order;
  for (auto& [number, session] : sessions) {
    if (killed[number]) session.ended_at.clear();
    in_order.push_back(std::move(session));
  }
  return in_order;
}

// A receipt must not be ahead of what it speaks of: a killed writer's last entries may only be in memory yet.
void make_durable(const std::filesystem::path& file) {
  for (const char* suffix : {"", "-wal"}) {
    const std::filesystem::path part = file.string() + suffix;
    std::error_code code;
    if (std::filesystem::exists(part, code)) sync_file(open_file(part, O_RDONLY), part);
  }
}

}  // namespace

receipt_ledger ledger_of(std::span<const ledger_file> files, std::string_view run_id, std::string_view plan_digest) {
  receipt_ledger made;
  made.sessions = sessions_of(files);
  made.digest = digest_of(fmt::format("lakh ledger files\n{}\n{}\n{}\n", receipt_format_version, run_id, plan_digest));
  for (const ledger_file& file : files) {
    made.files.push_back({file.file.filename().string(), file.identity.session, file.identity.writer, file.entries,
                          file.closed, to_hex(file.head)});
    const receipt_file& last = made.files.back();
    made.digest = digest_of(fmt::format("{}|{}|{}|{}|{}|{}|{}|", made.digest, last.name, last.session, last.writer,
                                        last.entries, last.closed ? "closed" : "open", last.head));
  }
  return made;
}

balance balance_of_run(const item_states& states, std::optional<std::uint64_t> requested) {
  balance sheet(states, requested.value_or(states.size()));
  if (!requested) {
    // Claims that were released at its end were never part of it.
    sheet.requested -= sheet.unclaimed;
    sheet.unclaimed = 0;
  }
  return sheet;
}

receipt make_receipt(const std::filesystem::path& folder, const receipt_facts& facts) {
  const run_info info = run_folder::read_info(folder);
  receipt made;
  made.run_id = info.run_id;
  made.title = info.title;
  made.target = without_secrets(std::span(&info.target, 1)).front();
  made.requested = info.requested;
  made.seed = info.seed;
  made.plan_digest = info.plan_digest;
  made.feeds = feeds_of_plan(folder);
  made.result = facts.result;
  made.ledger = ledger_of(facts.files, made.run_id, made.plan_digest);
  made.reconciled = facts.reconciled;
  made.reconcile_problem = facts.reconcile_problem;
  made.lakh_version = info.lakh_version;
  made.started_at = info.started_at;
  made.ended_at = info.ended_at;
  made.written_at = rfc3339(wall_now());
  return made;
}

std::string receipt_bytes(const receipt& of) {
  return canonical_json(to_json(of));
}

std::string seal(receipt& made, const signing_key* key) {
  const std::string bytes = receipt_bytes(made);
  made.digest = digest_of(bytes);
  if (key != nullptr) {
    made.public_key = key->public_key();
    made.signature = key->sign(bytes);
  }
  return whole_text(made);
}

std::string write_receipt(const std::filesystem::path& folder, const receipt_facts& facts) {
  for (const ledger_file& file : facts.files) make_durable(file.file);
  receipt made = make_receipt(folder, facts);
  const std::string text = seal(made, facts.key);
  replace_file(folder / receipt_file_name, text);
  return digest_of(text);
}

std::optional<receipt> read_receipt(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / receipt_file_name;
  std::error_code code;
  if (!std::filesystem::exists(file, code)) return std::nullopt;
  const std::string text = read_text(file);
  receipt made;
  std::string again;
  try {
    const json::value parsed = json::parse(text);
    const json::object& object = parsed.as_object();
    if (object.at("kind").as_string() != kind_name) throw std::invalid_argument("`kind` is not `lakh receipt`");
    const json::value& format = object.at("format");
    if (!format.is_int64() || format.get_int64() != receipt_format_version) {
      throw storage_error(errc::storage_failure,
                          fmt::format("{}: receipt format {} is not known here (this is {})", file.string(),
                                      json::serialize(format), receipt_format_version),
                          "verify it with the version of lakh that wrote it");
    }
    made = from_json(object);
    again = whole_text(made);
  } catch (const storage_error&) {
    throw;
  } catch (const std::exception& caught) {
    refuse(file, std::string("not what lakh writes: ") + caught.what());
  }
  if (again != text) refuse(file, "not in the form in which lakh writes it");
  if (digest_of(receipt_bytes(made)) != made.digest) refuse(file, "its content was changed: its digest does not fit");
  return made;
}

}  // namespace lakh::load
