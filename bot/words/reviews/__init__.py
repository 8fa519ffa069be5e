"""The words about reviews of partners and about who answers them."""
