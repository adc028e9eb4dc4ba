"""Operations: a session seen, logged, told of and stopped. It knows what happens, never a broker."""
