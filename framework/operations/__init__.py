"""Operations: a session seen, logged, told of and stopped; it never knows a broker."""
