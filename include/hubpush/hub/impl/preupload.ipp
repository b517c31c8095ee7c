#pragma once

#include <hubpush/hub/preupload.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/core/utf8.hpp>
#include <hubpush/hash/text.hpp>

#include <string_view>
#include <unordered_map>

namespace hubpush::inline v0 {

namespace detail {

inline upload_mode read_upload_mode(const json_value& file, std::uint64_t size) {
    const std::string& mode = file.string("uploadMode");
    if (mode != "lfs" && mode != "regular") {
        // Which way is not told: text of an answer can repeat the token (spec/reliability.md SEC03).
        throw_error(errc::protocol_error, "the server wants a file by a way that hubpush does not know");
    }
    // An answer that the commit could not follow is corrected (spec/reliability.md S18).
    if (size == 0) return upload_mode::regular;
    return mode == "lfs" || size > largest_regular_file ? upload_mode::lfs : upload_mode::regular;
}

inline preupload_answer read_preupload_file(const json_value& file, std::uint64_t size) {
    const upload_mode mode = read_upload_mode(file, size);
    std::string hash = file.optional_string("oid").value_or("");
    // A hash of the other kind means that the file is stored the other way now: it counts as changed.
    if (!is_hex(hash, mode == upload_mode::lfs ? 64 : 40)) hash.clear();
    return preupload_answer(mode, file.boolean("shouldIgnore", false), std::move(hash));
}

inline std::string checked_rules(std::string text, const std::string& name) {
    const auto details = [&] { return error_details().file(name).reached_server(false); };
    if (!is_utf8(text)) throw_error(errc::invalid_argument, "the text of " + name + " is not UTF-8", details());
    if (text.size() > preupload_rules::longest) {
        throw_error(errc::limit_exceeded, "the text of " + name + " is longer than 256 KiB",
                    details().hint("make it shorter: it is sent with every question about files"));
    }
    return text;
}

}  // namespace detail

HUBPUSH_DECL preupload_rules& preupload_rules::gitignore(std::string text) {
    gitignore_ = detail::checked_rules(std::move(text), ".gitignore");
    return *this;
}

HUBPUSH_DECL preupload_rules& preupload_rules::gitattributes(std::string text) {
    gitattributes_ = detail::checked_rules(std::move(text), ".gitattributes");
    return *this;
}

HUBPUSH_DECL preupload_question::preupload_question(std::string path, std::uint64_t size,
                                                    std::span<const std::byte> sample)
    : path_(std::move(path)),
      size_(size),
      sample_(to_base64(sample.first(std::min(sample.size(), preupload_sample)))) {}

HUBPUSH_DECL std::string preupload_body(const std::vector<preupload_question>& questions,
                                        const preupload_rules& rules) {
    std::vector<std::string> files;
    files.reserve(questions.size());
    for (const preupload_question& question : questions) {
        json_object file;
        file.text("path", question.path());
        file.raw("sample", '"' + question.sample() + '"').number("size", question.size());  // base64 needs no escape
        files.push_back(file.str());
    }
    json_object body;
    body.raw("files", json_array(files));
    if (rules.gitignore()) body.text("gitIgnore", *rules.gitignore());
    if (rules.gitattributes()) body.text("gitAttributes", *rules.gitattributes());
    return body.str();
}

HUBPUSH_DECL std::vector<preupload_answer> read_preupload(const json_value& answer,
                                                          const std::vector<preupload_question>& questions) {
    std::unordered_map<std::string_view, const json_value*> files;
    for (const json_value& file : answer.array("files")) {
        if (!files.emplace(file.string("path", 64 * 1024), &file).second) {
            throw_error(errc::protocol_error, "the server answers twice about one file");
        }
    }
    if (files.size() != questions.size())
        throw_error(errc::protocol_error, "the server answers about other files than it was asked");
    std::vector<preupload_answer> answers;
    answers.reserve(questions.size());
    for (const preupload_question& question : questions) {
        const auto found = files.find(question.path());
        if (found == files.end()) {
            throw_error(errc::protocol_error, "the server does not answer about a file",
                        error_details().file(question.path()));
        }
        answers.push_back(detail::read_preupload_file(*found->second, question.size()));
    }
    return answers;
}

HUBPUSH_DECL task<preupload_reply> preupload(hub_session& session, repository where, std::string at_revision,
                                             std::vector<preupload_question> questions, preupload_rules rules,
                                             bool create_pr) {
    check_revision(at_revision);
    if (questions.size() > preupload_batch)
        throw_error(errc::invalid_argument, "one question is about at most 256 files");
    const std::string what = "cannot ask " + where.id() + " about files";
    const std::string target =
        where.api_path() + "/preupload/" + escape_segment(at_revision) + (create_pr ? "?create_pr=1" : "");
    http_request request = session.request("POST", target, request_class::safe);
    request.body(preupload_body(questions, rules), "application/json");
    request.reply_limit(4U << 20);
    const json_value answer = co_await session.send_for_json(std::move(request), what);
    std::string head = answer.optional_string("commitOid").value_or("");
    if (!is_hex(head, 40)) head.clear();
    co_return preupload_reply(read_preupload(answer, questions), std::move(head));
}

}  // namespace hubpush::inline v0
