#pragma once

#include <hubpush/upload/preflight.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/hub/readme.hpp>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace hubpush::inline v0::detail {

inline constexpr std::size_t preflight_block = 64 * 1024;

/// What the Hub recommends, and the size from which it refuses a file (spec/hub-http-api.md §4.5).
inline constexpr std::uint64_t recommended_files = 100'000;
inline constexpr std::uint64_t largest_file = 500'000'000'000;

/// So many files that look like secrets, and so many links out of the folder, are named one by one.
inline constexpr std::uint64_t named_at_most = 10;

/// Names under which programs keep passwords and keys (spec/reliability.md SEC12).
inline bool may_hold_secret(std::string_view path) {
    static constexpr std::array<std::string_view, 15> names{
        ".env",   ".env.local", ".netrc", "_netrc",     ".npmrc",     ".pypirc",       ".git-credentials", "id_rsa",
        "id_dsa", "id_ecdsa",   "token",  "id_ed25519", ".dockercfg", "stored_tokens", ".htpasswd"};
    static constexpr std::array<std::string_view, 5> endings{".pem", ".key", ".p12", ".pfx", ".kdbx"};
    const std::string_view name = path.substr(path.rfind('/') + 1);
    return std::find(names.begin(), names.end(), name) != names.end() ||
           std::any_of(endings.begin(), endings.end(), [name](std::string_view end) { return name.ends_with(end); });
}

/// The first bytes of `source`, `most` at most.
inline task<std::string> read_start(context& context, std::shared_ptr<byte_source> source, std::size_t most) {
    const lease buffer = co_await context.client().budget().acquire(preflight_block);
    std::string text;
    while (text.size() < std::min<std::uint64_t>(source->size(), most)) {
        const std::size_t wanted = std::min(most - text.size(), buffer.size());
        const std::size_t got = co_await source->read_at(text.size(), buffer.bytes().first(wanted));
        if (got == 0) break;  // it became shorter: noticed when it is pushed
        text.append(reinterpret_cast<const char*>(buffer.bytes().data()), got);
    }
    co_return text;
}

HUBPUSH_DECL std::shared_ptr<byte_source>* preflight::see(std::string_view path, std::string_view local,
                                                          std::uint64_t size) {
    context_.tally().files += 1;
    if (size <= largest_regular_file) context_.tally().small_bytes += size;
    context_.progress().found(1, size);
    if (size > largest_file) ++huge_files_;
    if (may_hold_secret(local)) note_secret(local);
    const bool is_data = path.ends_with(".arrow") || path.ends_with(".parquet");
    if (is_data && data_files_++ == 0) first_data_file_ = path;
    if (path == ".gitignore") return &gitignore_;
    if (path == ".gitattributes") return &gitattributes_;
    // The reference asks about the README.md of a folder also when the folder goes below `path_in_repo` (§4.8).
    return local == "README.md" ? &readme_ : nullptr;
}

HUBPUSH_DECL void preflight::leaves_root(std::string_view location) {
    if (++outside_ > named_at_most) return;
    context_.log().write(log_level::warning, "'" + printable(location) + "' leads out of the folder and is followed");
}

HUBPUSH_DECL task<void> preflight::finish() {
    warn();
    co_await read_gitignore();
    co_await read_gitattributes();
    if (!readme_) co_return;
    std::string text = co_await read_start(context_, readme_, readme_question_limit + 1);
    co_await check_readme(context_.session(), std::move(text), context_.target().type());
}

HUBPUSH_DECL void preflight::note_secret(std::string_view local) {
    if (++secrets_ > named_at_most) return;
    context_.log().write(log_level::warning,
                         "'" + printable(local) + "' looks like a secret and is pushed; ignore it if it is one");
}

HUBPUSH_DECL void preflight::warn() const {
    const auto say = [this](const std::string& text) { context_.log().write(log_level::warning, text); };
    if (outside_ > named_at_most) {
        say(std::to_string(outside_ - named_at_most) + " more links lead out of the folder and are followed");
    }
    if (secrets_ > named_at_most) {
        say(std::to_string(secrets_ - named_at_most) + " more files look like secrets and are pushed");
    }
    if (huge_files_ != 0) say(std::to_string(huge_files_) + " files are larger than 500 GB, which the Hub refuses");
    if (context_.tally().files > recommended_files) {
        say(std::to_string(context_.tally().files) + " files: the Hub recommends at most 100,000 in a repository");
    }
    if (data_files_ != 0 && context_.target().type() != repo_type::dataset) {  // spec/hub-http-api.md §4.6 step 3
        say(std::to_string(data_files_) + " .arrow or .parquet files are pushed to a " +
            std::string(singular(context_.target().type())) + " repository, the first is " +
            printable(first_data_file_) + "; a dataset takes the option repo_type::dataset");
    }
}

/// What the caller gave counts more than the file (§4.3).
HUBPUSH_DECL task<void> preflight::read_gitignore() {
    if (!gitignore_ || context_.rules().gitignore()) co_return;
    std::string text = co_await read_start(context_, gitignore_, preupload_rules::longest + 1);
    context_.rules().gitignore(std::move(text));
}

/// Unlike a .gitignore, this file hides nothing: when it cannot be sent, the Hub decides by the one that it has.
HUBPUSH_DECL task<void> preflight::read_gitattributes() {
    if (!gitattributes_) co_return;
    std::string text = co_await read_start(context_, gitattributes_, preupload_rules::longest + 1);
    try {
        context_.rules().gitattributes(std::move(text));
    } catch (const error& unusable) {
        context_.log().write(log_level::warning,
                             std::string(unusable.what()) + ": the Hub decides by its own which files are large ones");
    }
}

}  // namespace hubpush::inline v0::detail
