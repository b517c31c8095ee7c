// expect: the right-hand step does not take what the left-hand step gives
// note: LEFT<.*scan_step>.*GIVES<.*stream<.*file>.*RIGHT<.*transfer_step>.*TAKES<.*stream<.*planned_file
#include <hubpush/upload/scan.hpp>
#include <hubpush/upload/transfer.hpp>

auto wrong = hubpush::scan("x") | hubpush::transfer() | hubpush::transfer();
