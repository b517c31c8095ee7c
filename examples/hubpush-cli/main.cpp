// The program `hubpush`. Exit codes: 0 done (also when a signal ended `serve`), 1 it failed, 2 wrong usage.

#include <hubpush/async/task.hpp>
#include <hubpush/cli/serve.hpp>
#include <hubpush/cli/xet.hpp>
#include <hubpush/core/error.hpp>

#include <CLI/CLI.hpp>
#include <asio/signal_set.hpp>

#include <csignal>
#include <exception>
#include <iostream>
#include <string>

namespace {

constexpr int exit_done = 0;
constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

/// Says why a command failed; gives its exit code.
int fail(std::exception_ptr failure) {
    std::cerr << "hubpush: " << hubpush::describe(failure) << '\n';
    return exit_failed;
}

/// Runs a command that has nothing to wait for.
template <class Command>
int run(Command command) {
    try {
        command();
        return exit_done;
    } catch (...) {
        return fail(std::current_exception());
    }
}

/// Runs a command until it ends or SIGINT or SIGTERM cancels it.
int run(hubpush::task<void> command, asio::io_context& context) {
    int result = exit_done;
    asio::cancellation_signal stop;
    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](std::error_code failed, int) {
        if (!failed) stop.emit(asio::cancellation_type::terminal);
    });
    const auto on_end = [&](std::exception_ptr failure) {
        signals.cancel();
        try {
            if (failure) std::rethrow_exception(failure);
        } catch (const hubpush::cancelled&) {
            result = exit_done;
        } catch (...) {
            result = fail(std::current_exception());
        }
    };
    hubpush::initiate(context.get_executor(), std::move(command), asio::bind_cancellation_slot(stop.slot(), on_end));
    context.run();
    return result;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App program("Pushes models and checkpoints to the Hugging Face Hub.", "hubpush");
    program.set_version_flag("--version", HUBPUSH_VERSION);
    program.require_subcommand(1);

    hubpush::serve_options options;
    std::string token;
    std::string reader_token;
    CLI::App* const serve = program.add_subcommand("serve", "Serve an embedded Hub on this machine");
    serve->add_option("--dir", options.folder, "Folder of all its state; made when it is missing")->required();
    serve->add_option("--port", options.port, "Port of its API; 0 picks a free one");
    serve->add_option("--token", token, "Token that may write; without it a random one is printed");
    serve->add_option("--user", options.user, "Owner of the given token (default: local)");
    serve->add_option("--reader-token", reader_token, "Another token, which may only read");

    CLI::App* const xet = program.add_subcommand("xet", "Show what Xet storage would make of files");
    xet->require_subcommand(1);
    hubpush::xet_inspect_options inspected;
    CLI::App* const inspect = xet->add_subcommand("inspect", "Hash, chunks, xorbs and duplication of files");
    inspect->add_option("FILE", inspected.files, "Files or pipes")->required();
    inspect->add_flag("--chunks", inspected.chunks, "List offset, length and hash of each chunk");
    inspect->add_flag("--sha256", inspected.sha256, "Add the SHA-256 of each file");
    inspect->add_flag("--json", inspected.json, "Print one JSON object a file");
    hubpush::xet_compare_options compared;
    CLI::App* const compare = xet->add_subcommand("compare", "How much of a file the chunks of an older one hold");
    compare->add_option("OLD", compared.old_file, "The older file or pipe")->required();
    compare->add_option("NEW", compared.new_file, "The newer file or pipe")->required();
    compare->add_flag("--json", compared.json, "Print a JSON object");

    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
        return program.exit(problem) == 0 ? exit_done : exit_usage;
    }
    if (inspect->parsed()) return run([&] { hubpush::inspect_xet(inspected, std::cout); });
    if (compare->parsed()) return run([&] { hubpush::compare_xet(compared, std::cout); });
    options.token = hubpush::secret(token);
    options.reader_token = hubpush::secret(reader_token);
    asio::io_context context(1);
    return run(hubpush::serve_hub(options, std::cout), context);
}
