port <?= $_SERVER['SERVER_PORT'], "\n" ?>
