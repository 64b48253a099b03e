/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!50503 SET NAMES utf8mb4 */;
CREATE DATABASE `works`; USE `works`;
DROP TABLE IF EXISTS `사원`;
/*!40101 SET character_set_client = utf8 */;
CREATE TABLE `사원` (
  `사번` int(10) unsigned NOT NULL AUTO_INCREMENT COMMENT '번호 \'하나\'',
  `name` varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  `kind` enum('정규','part-time') NOT NULL DEFAULT '정규',
  `skills` set('a','b') DEFAULT NULL,
  `born` year DEFAULT NULL,
  `on` tinyint(1) DEFAULT '1',
  `bits` bit(1) DEFAULT b'1',
  `small` tinyint unsigned DEFAULT 3,
  `medium` mediumint DEFAULT NULL,
  `huge` bigint unsigned DEFAULT NULL,
  `notes` longtext,
  `photo` mediumblob,
  `where_at` point DEFAULT NULL,
  `at` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  `zero` datetime DEFAULT '0000-00-00 00:00:00',
  `boss` int(10) unsigned DEFAULT NULL,
  `extra` json DEFAULT NULL,
  `lock_version` int NOT NULL DEFAULT '0',
  PRIMARY KEY (`사번`),
  UNIQUE KEY `name` (`name`,`kind`),
  KEY `idx` (`boss`),
  KEY `prefix` (`notes`(20)),
  FULLTEXT KEY `words` (`notes`),
  CONSTRAINT `boss` FOREIGN KEY (`boss`) REFERENCES `사원` (`사번`) ON DELETE SET NULL ON UPDATE CASCADE
) ENGINE=InnoDB AUTO_INCREMENT=10 DEFAULT CHARSET=utf8mb4 COMMENT='사람; ''들''';
INSERT INTO `사원` VALUES (1,'a;b\'','정규',NULL,NULL,1,1,1,1,1,'CREATE TABLE x (',NULL,NULL,NOW(),NULL,NULL,NULL,0);
DELIMITER ;;
CREATE TRIGGER t BEFORE INSERT ON `사원` FOR EACH ROW BEGIN SET NEW.name = 'x;'; END;;
DELIMITER ;
CREATE TABLE pay (
  emp int unsigned NOT NULL,
  month date NOT NULL,
  won decimal(12,0) NOT NULL DEFAULT 0.00,
  rate float DEFAULT 0.5,
  memo text,
  PRIMARY KEY (emp, month),
  INDEX idx (won),
  CONSTRAINT FOREIGN KEY (emp) REFERENCES `사원` (`사번`)
);
CREATE TABLE only_key (a int NOT NULL, b int NOT NULL, PRIMARY KEY (a, b));
ALTER TABLE only_key ADD COLUMN c char(2) DEFAULT NULL AFTER a, ADD UNIQUE KEY uq (c);
