#include <hubpush/xet/xorb_reader.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/xet/xorb_footer.hpp>

#include "targets.hpp"

namespace {

// As an upload form: what can be described can be stored and is described by its footer.
void read_upload_form(std::span<const std::byte> bytes) {
    const hubpush::xorb_description xorb = hubpush::describe_xorb(bytes);
    fuzz::require(hubpush::verify_xorb(bytes, xorb.hash) == xorb);
    const hubpush::xorb_footer footer = hubpush::make_xorb_footer(bytes);
    std::vector<std::byte> stored(bytes.begin(), bytes.end());
    const std::vector<std::byte> block = hubpush::write_xorb_footer(footer);
    stored.insert(stored.end(), block.begin(), block.end());
    fuzz::require(hubpush::read_xorb_footer(stored) == footer);
    fuzz::require(hubpush::records_of_stored_xorb(stored).size() == bytes.size());
}

// As a stored form: the footer describes the records.
void read_stored_form(std::span<const std::byte> bytes) {
    const hubpush::xorb_footer footer = hubpush::read_xorb_footer(bytes);
    hubpush::chunk_record_reader records(hubpush::records_of_stored_xorb(bytes));
    for (std::size_t i = 0; i != footer.chunks.size(); ++i) fuzz::require(records.next().has_value());
    fuzz::require(!records.next());
}

}  // namespace

void fuzz::xorb_reader(std::span<const std::byte> bytes) {
    for (void (*const read)(std::span<const std::byte>) : {read_upload_form, read_stored_form}) {
        try {
            read(bytes);
        } catch (const hubpush::error& failure) {
            require(failure.kind() == hubpush::errc::protocol_error);
        }
    }
}

HUBPUSH_FUZZ_TARGET(xorb_reader)
