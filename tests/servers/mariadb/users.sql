create user if not exists visitor;
