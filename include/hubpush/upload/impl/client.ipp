#pragma once

#include <hubpush/upload/client.hpp>

#include <hubpush/hub/endpoint.hpp>
#include <hubpush/hub/environment.hpp>

#include <algorithm>
#include <thread>
#include <unordered_set>

namespace hubpush::inline v0 {

namespace detail {

inline std::size_t default_worker_threads() {
    return std::clamp<std::size_t>(std::thread::hardware_concurrency() / 2, 1, 4);
}

inline hub_settings settings_of(const client_call::takes& options) {
    std::optional<std::string> address;
    if (options.get<endpoint>()) address = options.get<endpoint>()->url();
    std::optional<secret> given_token;
    if (options.get<token>()) given_token = options.get<token>()->value();
    return resolve_settings(*process_environment(), std::move(address), std::move(given_token),
                            options.get<allow_plain_http>().has_value());
}

/// Sockets that only lead where the server behind `endpoint` may send us.
inline std::shared_ptr<connector> network_of(const client_call::takes& options, const seams& seams, origin endpoint) {
    if (options.get<use_connector>()) return options.get<use_connector>()->get();
    proxy_settings proxies =
        options.get<proxy>() ? proxy_settings(*options.get<proxy>()) : proxy_settings::from_environment();
    address_guard guard = options.get<allow_private_addresses>() ? address_guard() : address_guard(std::move(endpoint));
    return network_connector(seams, tls_options::from_environment(), system_resolver(), std::move(proxies),
                             std::move(guard));
}

inline std::shared_ptr<client_state> make_client_state(asio::any_io_executor executor,
                                                       const client_call::takes& options) {
    const seams seams = seams_of(options);
    const memory_budget budget = options.get_or_default<memory_budget>();
    hub_settings settings = settings_of(options);
    std::shared_ptr<connector> network = network_of(options, seams, settings.origin());
    std::shared_ptr<file_system> files =
        options.get<use_file_system>() ? options.get<use_file_system>()->get() : posix_file_system();
    const std::size_t threads =
        options.get<worker_threads>() ? options.get<worker_threads>()->count() : default_worker_threads();
    auto session = std::make_shared<hub_session>(
        std::move(settings), seams, std::move(network), budget, options.get_or_default<retry_policy>(),
        options.get_or_default<connection_limits>(), options.get_or_default<trace_events>());
    return client_state::share(client_state(asio::make_strand(std::move(executor)), seams, budget, std::move(files),
                                            std::make_shared<worker_pool>(threads), std::move(session),
                                            options.get_or_default<commit_patience>().time()));
}

/// A path to be removed in its normal form; a '/' at its end, which marks a folder, stays.
inline std::string path_to_remove(std::string_view path) {
    const bool folder = path.ends_with('/');
    if (folder) path.remove_suffix(1);
    std::string normal = normalize_path_in_repo(path);
    return folder ? normal + '/' : normal;
}

/// The option's text when it was given, else `otherwise`.
template <class Option, class Options>
Option given_or(const Options& options, std::string otherwise) {
    const std::optional<Option>& given = options.template get<Option>();
    return given ? *given : Option(std::move(otherwise));
}

/// The part of a call's options that another call, or a step, takes.
template <class Call, class Options>
typename Call::takes options_for(const Options& options) {
    typename Call::takes result;
    result.put_from(options);
    return result;
}

template <class Options>
commit_step commit_step_of(const Options& options, std::string default_message) {
    return commit_step(given_or<message>(options, std::move(default_message)),
                       options_for<commit_step::takes_options>(options));
}

/// Runs a pipeline in a context of its own; the coroutine frame owns both.
template <class Pipeline>
task<commit_info> run_in(context place, Pipeline steps) {
    co_return co_await steps.run(place);
}

/// The calls of a client may outlive its handle: the frame holds what they use.
template <class Result>
task<Result> keep_alive(std::shared_ptr<client_state> /*held by the frame*/, task<Result> work) {
    co_return co_await std::move(work);
}

}  // namespace detail

HUBPUSH_DECL client::client(asio::any_io_executor executor, client_call::takes options)
    : state_(detail::make_client_state(std::move(executor), options)) {}

HUBPUSH_DECL asio::any_io_executor client::get_executor() const {
    state_->check_process();
    return state_->strand();
}

HUBPUSH_DECL client client::with(retry_policy policy) const {
    client result = *this;
    result.state_ = state_->with(std::make_shared<hub_session>(state_->session(), std::move(policy)));
    return result;
}

HUBPUSH_DECL bool client::has_answered() const noexcept { return state_->session().has_answered(); }

HUBPUSH_DECL std::string client::endpoint() const { return state_->session().settings().endpoint(); }

HUBPUSH_DECL std::vector<trace_event> client::trace() const {
    state_->check_process();
    return state_->session().trace();
}

HUBPUSH_DECL task<hub_user> client::whoami() const {
    return run(detail::keep_alive(state_, hubpush::whoami(state_->session())));
}

HUBPUSH_DECL task<created_repository> client::create(std::string repo_id, create_repo_call::takes options) const {
    repo_creation wanted{repository(std::move(repo_id), options.get_or_default<repo_type>())};
    wanted.exist_ok(options.get<exist_ok>().has_value()).sdk(options.get_or_default<space_sdk>().text());
    if (options.get<private_repo>()) wanted.visibility(repo_visibility::private_repo);
    return run(detail::keep_alive(state_, hubpush::create_repo(state_->session(), std::move(wanted))));
}

HUBPUSH_DECL context client::open(std::string repo_id, pipeline_call::takes options) const {
    repository target(std::move(repo_id), options.get_or_default<repo_type>());
    std::string branch = detail::given_or<revision>(options, "main").text();
    check_revision(branch);
    context place(state_, std::move(target), std::move(branch), options.get_or_default<progress>());
    if (options.get<create_pr>()) place.create_pr();
    if (options.get<gitignore>()) place.rules().gitignore(options.get<gitignore>()->text());
    return place;
}

HUBPUSH_DECL task<commit_info> client::push_file(std::string repo_id, add addition,
                                                 upload_file_call::takes options) const {
    std::string default_message = "Upload " + normalize_path_in_repo(addition.path()) + " with hubpush";
    std::vector<placed_addition> files;
    files.emplace_back(std::move(addition), 0);
    context place = open(std::move(repo_id), detail::options_for<pipeline_call>(options));
    return run(detail::run_in(std::move(place), files_step(std::move(files)) | classify() | transfer() |
                                                    detail::commit_step_of(options, std::move(default_message))));
}

HUBPUSH_DECL task<commit_info> client::push_folder(std::string repo_id, std::filesystem::path folder,
                                                   upload_folder_call::takes options) const {
    const auto scan_options = detail::options_for<scan_step::takes_options>(options);
    context place = open(std::move(repo_id), detail::options_for<pipeline_call>(options));
    return run(detail::run_in(std::move(place), scan_step(std::move(folder), scan_options) | classify() | transfer() |
                                                    detail::commit_step_of(options, "Upload folder using hubpush")));
}

HUBPUSH_DECL task<commit_info> client::push_operations(std::string repo_id, operation_list operations,
                                                       create_commit_call::takes options) const {
    std::unordered_set<std::string> paths;
    for (const placed_addition& addition : operations.additions()) {
        const auto [path, is_new] = paths.insert(normalize_path_in_repo(addition.addition().path()));
        if (!is_new) {
            throw_error(errc::invalid_argument, "'" + *path + "' is pushed twice in one commit",
                        error_details().reached_server(false));
        }
    }
    context place = open(std::move(repo_id), detail::options_for<pipeline_call>(options));
    for (const removal& gone : operations.removals()) {
        place.removals().emplace_back(detail::path_to_remove(gone.path()), gone.position());
    }
    return run(detail::run_in(std::move(place), files_step(operations.additions()) | classify() | transfer() |
                                                    detail::commit_step_of(options, "")));
}

}  // namespace hubpush::inline v0
