// expect: no match for .operator<<.|invalid operands to binary expression
#include <hubpush/core/secret.hpp>

#include <ostream>

void wrong(std::ostream& out, const hubpush::secret& token) { out << token; }
